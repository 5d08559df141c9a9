import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../servers/connect.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { pathWith, serverIsMissing, sharedServer } from '../servers/servers.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { workspace, type Workspace } from './vya.ts';

const database = 'truncated';
const kinds: ServerKind[] = ['postgresql-15', 'postgresql-18'];

for (const kind of kinds) {
  describe.skipIf(await serverIsMissing(kind))(kind, () => {
    let server: TestServer;
    let space: Workspace;
    let inside: TestDatabase;

    beforeAll(async () => {
      server = await sharedServer(kind);
      const sql = `CREATE TABLE kept (id int PRIMARY KEY); INSERT INTO kept VALUES (1), (2), (3);
        CREATE TABLE emptied (id int PRIMARY KEY); INSERT INTO emptied VALUES (1), (2)`;
      inside = await createTestDatabase(server, database, sql);
      space = await workspace({ instances: [{ id: 'main', server, settings: { databases: [database] } }] });
    });
    afterAll(async () => {
      await space.remove();
      await inside.drop();
    });

    test('TRUNCATE between the snapshot and the dump: both are begun anew, and what is counted is what is restored (F48)', async () => {
      const { begun, go, path } = await pausedDump();
      const backup = space.vya(['backup', '--rehearse', '--jobs', '2', '--format', 'json'], {
        env: { PATH: path },
      });
      await expect.poll(begun, { timeout: 60_000, interval: 20 }).toBe(true);
      const other = await connect(server, database);
      const truncating = other.script('TRUNCATE emptied');
      await expect.poll(waiting, { timeout: 60_000, interval: 20 }).toBe(1);
      await go();
      const result = await backup;
      expect(result.code, result.stdout + result.stderr).toBe(0);
      await truncating;
      await other.close();
      const made = result.json<{ instances: { databases: { path: string; proof: unknown }[] }[] }>();
      const [database_] = made.instances[0]?.databases ?? [];
      expect(database_?.proof).toMatchObject({ passed: true, exact: true, exceptions: [] });
      expect(await rowsOf(database_?.path ?? '')).toEqual({ emptied: 0, kept: 3 });
      expect(result.stderr).toContain('begins anew');
    });

    /** A pg_dump that waits before its first dump until it is let go. */
    async function pausedDump(): Promise<{
      begun(): Promise<boolean>;
      go(): Promise<void>;
      path: string;
    }> {
      const folder = join(space.path, 'paused');
      await mkdir(folder, { recursive: true });
      const path = await pathWith(server);
      const [begun, gone] = [join(folder, 'begun'), join(folder, 'gone')];
      const script = `#!/bin/sh
PATH='${path}'
case "$*" in *--snapshot=*)
  touch '${begun}'
  while ! [ -e '${gone}' ]; do sleep 0.05; done;;
esac
exec pg_dump "$@"
`;
      await writeFile(join(folder, 'pg_dump'), script, { mode: 0o755 });
      for (const name of ['pg_restore', 'psql'])
        await writeFile(join(folder, name), `#!/bin/sh\nPATH='${path}' exec ${name} "$@"\n`, { mode: 0o755 });
      return {
        begun: () =>
          access(begun).then(
            () => true,
            () => false,
          ),
        go: () => writeFile(gone, ''),
        path: `${folder}:${path}`,
      };
    }

    async function waiting(): Promise<number | undefined> {
      const sql = `SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
      return (await inside.query<{ n: number }>(sql))[0]?.n;
    }
  });
}

async function rowsOf(path: string): Promise<Record<string, number>> {
  const manifest = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8')) as {
    inventory: { tables: { name: string; rows: number }[] };
  };
  return Object.fromEntries(manifest.inventory.tables.map(({ name, rows }) => [name, rows]));
}
