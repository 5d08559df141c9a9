import { cp, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settle } from '../accounts/zoo.ts';
import { age } from '../cli/aged-backup.ts';
import { createTestDatabase, type TestDatabase } from '../cli/test-database.ts';
import { type VyaResult, workspace, type Workspace } from '../cli/vya.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';

const weak = { user: 'weak', password: 'Weak.1' };

interface Report {
  error?: { kind: string; message: string };
  warnings: string[];
  accounts?: { backup: string };
  databases: { database: string; status: string; backup?: string; error?: { kind: string } }[];
}

describe.skipIf(await serverIsMissing('postgresql-15'))('which backups make a server', () => {
  let server: TestServer;
  let space: Workspace;
  let databases: TestDatabase[];
  let run: string;
  const tree = (...parts: string[]): string => join(space.storagePath, 'gone', ...parts);

  /** The instance that the backups are of is not configured. */
  const plan = (...args: string[]): Promise<VyaResult> =>
    space.vya([
      ...['restore', '--instance', 'gone', '--all', '--target-instance', 'here', '--dry-run', '--force'],
      ...['--format', 'json', ...args],
    ]);
  const chosen = (result: VyaResult): Record<string, string | undefined> =>
    Object.fromEntries(result.json<Report>().databases.map(({ database, backup }) => [database, backup]));

  beforeAll(async () => {
    server = await startServer('postgresql-15');
    databases = [];
    for (const name of ['one', 'two', 'three'])
      databases.push(await createTestDatabase(server, name, 'CREATE TABLE t (x int)'));
    const first = await workspace({
      instances: [
        { id: 'gone', server, settings: { accounts: true } },
        { id: 'here', server },
      ],
    });
    const made = await first.vya(['backup', '--instance', 'gone', '--format', 'json']);
    expect(made.code, made.stdout + made.stderr).toBe(0);
    ({ run } = made.json<{ run: string }>());
    await settle(server, [`CREATE ROLE weak LOGIN PASSWORD '${weak.password}'`]);
    space = await workspace({
      instances: [
        { id: 'here', server },
        { id: 'weak', server, login: weak },
      ],
    });
    await cp(first.storagePath, space.storagePath, { recursive: true });
    await first.remove();
    const old = await age(space.storagePath, 'gone', 'one', '20260105T020000Z');
    const file = join(space.storagePath, old, 'manifest.json');
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll(run, `0${run}`));
    await age(space.storagePath, 'gone', 'two', '20260106T020000Z');
  });
  afterAll(async () => {
    await Promise.all([server?.stop(), space?.remove()]);
  });

  test('--latest takes the newest of each, and says that they are not of one moment', async () => {
    const result = await plan('--latest');
    expect(result.code, result.stdout + result.stderr).toBe(0);
    const names = chosen(result);
    expect(Object.keys(names)).toEqual(['one', 'three', 'two']);
    for (const id of Object.values(names)) expect(id).not.toMatch(/2026010/);
    expect(result.json<Report>().accounts?.backup).toMatch(/^gone\/@accounts\//);
    const text = await space.vya([
      ...['restore', '--instance', 'gone', '--all', '--latest', '--target-instance', 'here', '--dry-run'],
    ]);
    expect(text.stdout).toMatch(/not of one moment: their backups were begun from .*Z to .*Z/);
    expect(text.stdout).toMatch(/3 were there already/);
  });

  test('--at takes the newest of then or before, and names what is of a later time', async () => {
    const result = await plan('--at', '2026-01-08');
    expect(result.code, result.stdout + result.stderr).toBe(0);
    expect(chosen(result)).toEqual({
      one: 'gone/one/20260105T020000Z',
      two: 'gone/two/20260106T020000Z',
    });
    const warnings = result.json<Report>().warnings.join('\n');
    expect(warnings).toMatch(/three is left out: its first backup is of a later time/);
    expect(warnings).toMatch(/no backup of accounts/);
    expect((await plan('--at', '2020-01-01')).code).toBe(7);
  });

  test('--run takes those of one run, and names the databases that it has none of', async () => {
    const result = await plan('--run', `0${run}`);
    expect(result.code, result.stdout + result.stderr).toBe(0);
    expect(chosen(result)).toEqual({ one: 'gone/one/20260105T020000Z' });
    expect(result.json<Report>().warnings.join()).toMatch(/not in this run, and left out: three, two/);
    expect((await plan('--run', 'nothing')).code).toBe(7);
  });

  test('a database without a complete backup fails by itself, and one that was not backed up for days is told', async () => {
    const three = tree('three');
    const aside = join(space.path, 'aside');
    await cp(tree(), aside, { recursive: true });
    for (const name of await readdir(three)) await writeFile(join(three, name, 'manifest.json'), '{');
    await cp(tree('one'), tree('four'), { recursive: true });
    for (const name of await readdir(tree('four'))) await rm(join(tree('four'), name, 'manifest.json'));
    const newest = (await readdir(tree('two'))).toSorted().at(-1) as string;
    await rm(tree('two', newest), { recursive: true });
    const result = await plan('--latest');
    expect(result.code, result.stdout + result.stderr).toBe(1);
    expect(result.json<Report>().databases.map(({ database, status }) => [database, status])).toEqual([
      ['one', 'planned'],
      ['three', 'failed'],
      ['two', 'planned'],
    ]);
    expect(result.json<Report>().warnings.join()).toMatch(
      /two is from 2026-01-06.*may have been dropped since/,
    );
    expect(result.json<Report>().warnings.join()).toMatch(/gone\/four\/.*manifest/);
    await rm(tree(), { recursive: true });
    await cp(aside, tree(), { recursive: true });
  });

  test('a choice that makes no sense is refused before anything is looked at', async () => {
    for (const args of [
      [],
      ['--latest', '--database', 'one'],
      ['--latest', '--run', run],
      ['--latest', '--target-database', 'x'],
    ])
      expect((await plan(...args)).code, args.join(' ')).toBe(3);
    const alone = await space.vya(['restore', '--instance', 'gone', '--database', 'one', '--run', run]);
    expect(alone.code).toBe(3);
    expect(alone.stderr).toMatch(/--all/);
    const unknown = await space.vya([
      'restore',
      '--instance',
      'other',
      '--all',
      '--latest',
      '--target-instance',
      'here',
    ]);
    expect(unknown.code).toBe(7);
  });

  test('too few privileges end with 9, name what is missing, and change nothing', async () => {
    const result = await space.vya([
      ...['restore', '--instance', 'gone', '--all', '--latest', '--target-instance', 'weak', '--force'],
      ...['--format', 'json'],
    ]);
    expect(result.code, result.stdout + result.stderr).toBe(9);
    expect(result.json<Report>().error).toMatchObject({
      kind: 'privileges',
      message: expect.stringContaining('weak may not create databases'),
    });
    for (const { query } of databases) expect(await query('SELECT * FROM t')).toEqual([]);
  });

  test('databases that fit one by one and not together are refused before the first is loaded', async () => {
    for (const { drop } of databases) await drop();
    const place = server.dataDir ?? space.path;
    const { bavail, bsize } = await statfs(place);
    const before = await Promise.all(
      ['one', 'three'].map(async (database) => {
        const newest = (await readdir(tree(database))).toSorted().at(-1) as string;
        const file = join(tree(database, newest), 'manifest.json');
        const text = await readFile(file, 'utf8');
        const manifest = JSON.parse(text) as { inventory: { database: { sizeBytes: number } } };
        manifest.inventory.database.sizeBytes = Math.round(bavail * bsize * 0.6);
        await writeFile(file, JSON.stringify(manifest));
        return { file, text };
      }),
    );
    const result = await space.vya([
      ...[
        'restore',
        '--instance',
        'gone',
        '--all',
        '--latest',
        '--target-instance',
        'here',
        '--format',
        'json',
      ],
    ]);
    for (const { file, text } of before) await writeFile(file, text);
    // A server in a container has its disk elsewhere: how much room there is cannot be known.
    expect(result.code, result.stdout + result.stderr).toBe(server.dataDir ? 2 : 0);
    if (server.dataDir)
      expect(result.json<Report>().error?.message).toMatch(/the databases together take about/);
  });
});
