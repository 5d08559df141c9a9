import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../servers/connect.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, sharedServer } from '../servers/servers.ts';
import { pausedDump } from './paused-dump.ts';
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
      const { begun, go, path } = await pausedDump(server, join(space.path, 'paused'));
      const backup = space.vya(['backup', '--rehearse', '--jobs', '2', '--format', 'json'], {
        env: { PATH: path },
      });
      await begun();
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
