import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { pathWith, serverIsMissing, sharedServer } from '../servers/servers.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { workspace, type Workspace } from './vya.ts';

const database = 'truncated';
const kinds: ServerKind[] = ['mariadb-10.11', 'mysql-9.7'];

/** More than the pipe and the sockets between the server and the compressor hold. */
const ballast = `CREATE TABLE a_ballast (id int AUTO_INCREMENT PRIMARY KEY, filler varchar(1000));
  INSERT INTO a_ballast (filler) VALUES (REPEAT('x', 1000));
  ${`INSERT INTO a_ballast (filler) SELECT filler FROM a_ballast;`.repeat(15)}`;

for (const kind of kinds) {
  describe.skipIf(await serverIsMissing(kind))(kind, () => {
    let server: TestServer;
    let space: Workspace;
    let inside: TestDatabase;

    beforeAll(async () => {
      server = await sharedServer(kind);
      inside = await createTestDatabase(
        server,
        database,
        `${ballast} CREATE TABLE z_emptied (id int PRIMARY KEY)`,
      );
      space = await workspace({ instances: [{ id: 'main', server, settings: { databases: [database] } }] });
    });
    afterAll(async () => {
      await space.remove();
      await inside.drop();
    });

    test.each([
      { options: [], how: 'a dump' },
      { options: ['--exact'], how: 'an exact dump' },
    ])('TRUNCATE before a table’s turn: $how is begun anew (F5)', async ({ options, how }) => {
      await inside.script('INSERT INTO z_emptied VALUES (1), (2)');
      const { path, go } = await stoppedCompressor(how);
      const backup = space.vya(['backup', '--format', 'json', ...options], { env: { PATH: path } });
      await expect.poll(dumpsBallast, { timeout: 60_000, interval: 50 }).toBe(true);
      await inside.script('TRUNCATE TABLE z_emptied');
      await go();
      const result = await backup;
      expect(result.code, result.stdout + result.stderr).toBe(0);
      expect(result.stderr).toContain('dumping it once more');
      const copy = ['--target-database', `${database}_copy`];
      const restored = await space.vya([
        'restore',
        '--instance',
        'main',
        '--database',
        database,
        '--latest',
        ...copy,
      ]);
      expect(restored.code, restored.stdout + restored.stderr).toBe(0);
      const rows = await inside.query(`SELECT (SELECT count(*) FROM ${database}_copy.z_emptied) AS emptied,
        (SELECT count(*) FROM ${database}_copy.a_ballast) AS ballast`);
      await inside.script(`DROP DATABASE ${database}_copy`);
      expect(rows).toEqual([{ emptied: 0, ballast: 32_768 }]);
    });

    /** A compressor that takes nothing until it is let go, so that the dump stops in its first large table. */
    async function stoppedCompressor(name: string): Promise<{ path: string; go(): Promise<void> }> {
      const folder = join(space.path, name);
      await mkdir(folder);
      const path = await pathWith(server);
      const gone = join(folder, 'gone');
      const script = `#!/bin/sh\nwhile ! [ -e '${gone}' ]; do sleep 0.05; done\nPATH='${path}' exec zstd "$@"\n`;
      await writeFile(join(folder, 'zstd'), script, { mode: 0o755 });
      return { path: `${folder}:${path}`, go: () => writeFile(gone, '') };
    }

    async function dumpsBallast(): Promise<boolean> {
      const sql = `SELECT info FROM information_schema.processlist WHERE db = '${database}'
        AND info LIKE '%SQL_NO_CACHE%a_ballast%' AND id <> connection_id()`;
      return (await inside.query(sql)).length > 0;
    }
  });
}
