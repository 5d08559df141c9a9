import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { changePart, tamperedCopy } from './hostile-backup.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { workspace, type Workspace } from './vya.ts';

/** How both flavours' dumps end the part in which their sql_mode holds; what stands before is executed. */
const restoreMode = '/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;';
/** The end of every dump. */
const marker = '-- Dump completed';

for (const kind of ['mysql-9.7', 'mariadb-10.11'] as const) {
  describe.skipIf(await serverIsMissing(kind))(`a dump of ${kind} from a stranger`, () => {
    let server: TestServer;
    let space: Workspace;
    let shop: TestDatabase;
    let bystander: TestDatabase;
    let backup: string;
    let folder: string;

    beforeAll(async () => {
      server = await startServer(kind);
      bystander = await createTestDatabase(
        server,
        'bystander',
        'CREATE TABLE precious (id int); INSERT INTO precious VALUES (1); CREATE PROCEDURE wreck() DELETE FROM precious',
      );
      shop = await createTestDatabase(
        server,
        'shop',
        'CREATE TABLE t (id int); INSERT INTO t VALUES (1); CREATE VIEW v AS SELECT * FROM t; CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET new.id = 2',
      );
      space = await workspace({ instances: [{ id: 'main', server, settings: { databases: ['shop'] } }] });
      const made = await space.vya(['backup', '--format', 'json']);
      backup = made.json<{ instances: { databases: { path: string }[] }[] }>().instances[0]!.databases[0]!
        .path;
      folder = await mkdtemp(join(space.path, 'strange-'));
      await shop.script('INSERT INTO t VALUES (77)');
    });
    afterAll(async () => {
      await space.remove();
      await server.stop();
    });

    async function everything(): Promise<unknown> {
      const connection = await connect(server);
      const databases = await connection.query('SHOW DATABASES');
      const users = await connection.query('SELECT user, host FROM mysql.user ORDER BY 1, 2');
      await connection.close();
      const tables = await bystander.query('SHOW TABLES');
      const triggers = await bystander.query('SHOW TRIGGERS');
      return {
        ...{ databases, users, tables, triggers },
        precious: await bystander.query('SELECT * FROM precious'),
        shop: await shop.query('SELECT * FROM t ORDER BY id'),
      };
    }

    async function expectRefused(part: string, change: (text: string) => string): Promise<void> {
      const before = await everything();
      const path = await tamperedCopy(backup, folder, (copy) => changePart(copy, part, change));
      const result = await space.vya(['restore', '--file', path, '--force', '--format', 'json'], {
        measured: false,
      });
      await rm(path, { recursive: true });
      expect(result.code, result.stdout).toBe(8);
      const { error } = result.json<{ error: { kind: string; message: string } }>();
      expect(error).toMatchObject({
        kind: 'verification',
        message: expect.stringContaining('is not loaded: it holds'),
      });
      expect(error.message).not.toContain('666');
      await expect(readFile('/tmp/vya-was-here')).rejects.toThrow('ENOENT');
      expect(await everything()).toEqual(before);
    }

    test.each([
      'USE bystander;\nDROP TABLE precious',
      'INSERT INTO bystander.precious VALUES (666)',
      '\\! touch /tmp/vya-was-here',
    ])('is refused before it is loaded when its tables hold %j (F23, F26)', async (statement) => {
      await expectRefused('tables', (text) =>
        text.replace(restoreMode, () => `${statement};\n${restoreMode}`),
      );
    });

    test('is refused before it is loaded when its code uses another database (F26)', async () => {
      await expectRefused('objects', (text) => text.replace(marker, () => `USE bystander;\n${marker}`));
    });

    test('is loaded all the same with --trust', async () => {
      const into = 'CREATE TABLE bystander.made (id int)';
      const path = await tamperedCopy(backup, folder, (copy) =>
        changePart(copy, 'tables', (text) => text.replace(restoreMode, () => `${into};\n${restoreMode}`)),
      );
      const result = await space.vya(['restore', '--file', path, '--target-database', 'trusted', '--trust']);
      expect(result.code, result.stdout + result.stderr).toBe(0);
      expect(await bystander.query('SHOW TABLES')).toContainEqual({ Tables_in_bystander: 'made' });
      await bystander.script('DROP TABLE made; DROP DATABASE trusted');
    });

    test('is loaded when nothing in it reaches further than its database', async () => {
      const path = await tamperedCopy(backup, folder, (copy) =>
        changePart(copy, 'tables', (text) =>
          text.replace(restoreMode, () => `INSERT INTO t VALUES (3); -- USE bystander; it's\n${restoreMode}`),
        ),
      );
      const result = await space.vya(['restore', '--file', path, '--target-database', 'shop_copy']);
      expect(result.code, result.stdout + result.stderr).toBe(0);
      const connection = await connect(server, 'shop_copy');
      expect(await connection.query('SELECT id FROM t ORDER BY id')).toEqual([{ id: 1 }, { id: 3 }]);
      await connection.close();
    });
  });
}
