import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { throughFault } from '../faults/through-fault.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { createTestDatabase, scratchDatabases, type TestDatabase } from './test-database.ts';
import { workspace, type Workspace } from './vya.ts';

const database = 'interrupted';
const kinds: ServerKind[] = ['mariadb-10.11', 'mysql-9.7', 'postgresql-15', 'postgresql-18'];

for (const kind of kinds) {
  describe.skipIf(await serverIsMissing(kind))(kind, () => {
    let server: TestServer;
    let space: Workspace;
    let inside: TestDatabase;

    beforeAll(async () => {
      // Its own: elsewhere other tests make and drop databases of these names.
      server = await startServer(kind);
      const rows = Array.from({ length: 20_000 }, (_, n) => `(${n}, '${'x'.repeat(100)}')`).join(',');
      const sql = `CREATE TABLE bulk (id int PRIMARY KEY, filler varchar(200)); INSERT INTO bulk VALUES ${rows}`;
      inside = await createTestDatabase(server, database, sql);
      space = await workspace({ instances: [{ id: 'main', server, settings: { databases: [database] } }] });
      expect((await space.vya(['backup'])).code).toBe(0);
      await inside.script('DELETE FROM bulk WHERE id > 0');
    });

    afterAll(async () => {
      await space.remove();
      await server.stop();
    });

    const scratch = (): Promise<string[]> => scratchDatabases(server, 'vya_tmp_restore_');

    test('a restore that is interrupted leaves the target as it was, and no scratch database', async () => {
      const args = ['restore', '--instance', 'main', '--database', database, '--latest', '--force'];
      await throughFault(
        `SIGINT during a restore, ${kind}`,
        space.storagePath,
        async () => {
          const { child, result } = space.start(args);
          await expect.poll(scratch, { timeout: 60_000, interval: 10 }).toHaveLength(1);
          child.kill('SIGINT');
          return await result;
        },
        async ({ code, stdout, stderr }) => {
          expect(code, stdout + stderr).toBe(130);
          expect(stderr).toContain('Ended by SIGINT');
          expect(await scratch()).toEqual([]);
          expect(await inside.query('SELECT id FROM bulk')).toEqual([{ id: 0 }]);
        },
      );
    });
  });
}
