import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DatabaseAdapter } from '../../../src/db/adapter.ts';
import type { ClientPrograms } from '../../../src/db/client-program.ts';
import { postgresqlEngine } from '../../../src/db/postgresql/engine.ts';
import { workspace } from '../../cli/vya.ts';
import { createTestDatabase } from '../../cli/test-database.ts';
import { connect } from '../../servers/connect.ts';
import { pathWith, serverIsMissing, sharedServer } from '../../servers/servers.ts';
import { describeDatabase, dump, loadFresh, open, programsOf } from './harness.ts';
import { createRichDatabase } from './rich-database.ts';

const missing = (await serverIsMissing('postgresql-15')) || (await serverIsMissing('postgresql-18'));

/** What pg_restore 17 and newer writes at the head of what it restores: here it is data, and has to stay. */
const line = 'SET transaction_timeout = 0;';

describe.skipIf(missing)('programs that are newer than the server', async () => {
  const old = await sharedServer('postgresql-15');
  const recent = await sharedServer('postgresql-18');

  async function newer(): Promise<{ adapter: DatabaseAdapter; programs: ClientPrograms }> {
    const programs = await programsOf(recent, await open(recent));
    expect(programs.load.version.major).toBe(18);
    return { adapter: await open(old), programs };
  }

  test.each([
    ['a directory', { codec: 'gzip', level: 3 }],
    ['a custom archive', { codec: 'zstd', level: 3 }],
  ] as const)('restore %s through psql, and every row comes back (F49)', async (_, compression) => {
    const { adapter, programs: found } = await newer();
    // One that cannot compress with zstd writes the custom format.
    const options = new Set([...found.dump.options].filter((option) => option !== 'compress=zstd'));
    const programs = { ...found, dump: { ...found.dump, options } };
    const rich = await createRichDatabase(old);
    onTestFinished(rich.drop);
    const inside = await connect(old, rich.name);
    await inside.script(
      `CREATE TABLE lines (line text); INSERT INTO lines VALUES ('${line}'), (''), ('-- ${line}'), (E'\\\\restrict x'), ('${line}')`,
    );
    await inside.close();
    const before = await describeDatabase(old, rich.name);
    const { part } = await dump(old, adapter, rich.name, compression, programs);
    expect(part.format).toBe(compression.codec === 'gzip' ? 'pg-directory' : 'pg-custom');
    const fresh = await loadFresh(old, adapter, part, await adapter.inventory(rich.name), { programs });
    expect(await describeDatabase(old, fresh)).toEqual(before);
  });

  test('fail when the archive cannot be read to its end, although psql has got no error (F16, F49)', async () => {
    const { adapter, programs } = await newer();
    const rich = await createRichDatabase(old);
    onTestFinished(rich.drop);
    const { part } = await dump(old, adapter, rich.name, { codec: 'gzip', level: 3 }, programs);
    const data = (await readdir(part.path)).filter((name) => /^\d+\.dat/.test(name)).toSorted();
    await rm(path.join(part.path, data.at(-1) as string));
    const inventory = await adapter.inventory(rich.name);
    await expect(loadFresh(old, adapter, part, inventory, { programs })).rejects.toThrow(
      /pg_restore exited with 1/,
    );
  });

  test('are refused where pg_restore cannot forbid psql its own commands (F23, F49)', async () => {
    const { adapter, programs } = await newer();
    const rich = await createRichDatabase(old);
    onTestFinished(rich.drop);
    const inventory = await adapter.inventory(rich.name);
    const findings = async (using: ClientPrograms) => {
      const needs = { noOwner: false, noAcl: false, source: adapter.server, programs: using };
      return (await adapter.restoreFindings(inventory, needs)).filter(({ message }) =>
        /newer|cannot write/.test(message),
      );
    };
    expect(await findings(programs)).toMatchObject([{ severity: 'warning' }]);
    const options = new Set([...programs.load.options].filter((option) => option !== 'restrict-key'));
    expect(await findings({ ...programs, load: { ...programs.load, options } })).toMatchObject([
      { severity: 'error', hint: expect.stringContaining('postgresql-client-15') as string },
    ]);
    expect(await findings(await programsOf(old, adapter))).toEqual([]);
  });

  test('are taken where the backup needs them, and named where they are missing (F13, F49)', async () => {
    const { server } = await open(old);
    const env = { PATH: await pathWith(old, recent) };
    expect((await postgresqlEngine.findPrograms(server, env)).load.version.major).toBe(15);
    expect((await postgresqlEngine.findPrograms(server, env, 'pg_restore 17')).load.version.major).toBe(18);
    await expect(postgresqlEngine.findPrograms(server, env, 'pg_restore 99')).rejects.toThrow(
      expect.objectContaining({
        message: expect.stringContaining('can be read by pg_restore 99 and newer only') as string,
        hint: expect.stringContaining('postgresql-client-99') as string,
      }) as Error,
    );
  });

  test('restore a backup that needs them: the dry run says how, and the command does it (F49)', async () => {
    const database = 'newer_client';
    const inside = await createTestDatabase(
      old,
      database,
      `CREATE TABLE lines (line text); INSERT INTO lines VALUES ('${line}')`,
    );
    const space = await workspace({
      instances: [{ id: 'main', server: old, settings: { databases: [database] } }],
    });
    onTestFinished(async () => {
      await space.remove();
      await inside.drop();
    });
    expect((await space.vya(['backup'])).code).toBe(0);
    const { backups } = (await space.vya(['list', '--format', 'json'])).json<{ backups: { id: string }[] }>();
    const manifestPath = `${space.storagePath}/${backups[0]?.id}/manifest.json`;
    const manifest = JSON.parse(await readFile(manifestPath, 'utf8')) as Record<string, unknown>;
    await writeFile(manifestPath, JSON.stringify({ ...manifest, oldestClient: 'pg_restore 17' }));
    const env = { PATH: await pathWith(old, recent) };
    const args = ['restore', '--instance', 'main', '--database', database, '--latest', '--force'];
    const dry = await space.vya([...args, '--dry-run'], { env });
    expect(dry.code, dry.stdout + dry.stderr).toBe(0);
    expect(dry.stdout).toMatch(/pg_restore 18\S* is newer than PostgreSQL 15: the backup goes through psql/);
    await inside.script('DELETE FROM lines');
    const done = await space.vya(args, { env });
    expect(done.code, done.stdout + done.stderr).toBe(0);
    expect(await inside.query('SELECT line FROM lines')).toEqual([{ line }]);
  });
});
