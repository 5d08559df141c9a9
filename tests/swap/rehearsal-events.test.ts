import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../cli/test-database.ts';
import { workspace, type Workspace } from '../cli/vya.ts';
import { flavours } from '../db/mysql/support.ts';
import type { TestServer } from '../servers/server.ts';
import { pathWith, serverIsMissing, startServer } from '../servers/servers.ts';

const database = 'beating';

for (const kind of flavours) {
  describe.skipIf(await serverIsMissing(kind))(`events on ${kind}`, () => {
    let server: TestServer;
    let space: Workspace;
    let inside: TestDatabase;
    let heard: TestDatabase;

    beforeAll(async () => {
      server = await startServer(kind);
      heard = await createTestDatabase(
        server,
        'heard',
        'CREATE TABLE beats (id int AUTO_INCREMENT PRIMARY KEY, who varchar(64))',
      );
      inside = await createTestDatabase(
        server,
        database,
        `CREATE TABLE t (id int PRIMARY KEY);
         CREATE EVENT beat ON SCHEDULE EVERY 1 SECOND DO INSERT INTO heard.beats (who) VALUES (DATABASE());`,
      );
      space = await workspace({ instances: [{ id: 'main', server, settings: { databases: [database] } }] });
    });
    afterAll(async () => {
      await space.remove();
      await server.stop();
    });

    const beats = () =>
      heard.query<{ who: string; n: number }>('SELECT who, COUNT(*) AS n FROM beats GROUP BY who');

    test('of a rehearsal never run, while those of the original go on (F50)', async () => {
      const result = await space.vya(['backup', '--rehearse'], { env: { PATH: await pathWithDawdlers() } });
      expect(result.code, result.stdout + result.stderr).toBe(0);
      expect((await beats()).map(({ who }) => who)).toEqual([database]);
    });

    test('of a database that is replaced run again, and only there (F50)', async () => {
      const args = ['restore', '--instance', 'main', '--database', database, '--latest', '--force'];
      const result = await space.vya(args, { env: { PATH: await pathWithDawdlers() } });
      expect(result.code, result.stdout + result.stderr).toBe(0);
      await heard.script('TRUNCATE beats');
      await expect
        .poll(async () => (await beats()).map(({ who }) => who), { timeout: 60_000 })
        .toEqual([database]);
      expect(await inside.query('SELECT * FROM t')).toEqual([]);
    });

    /** Clients that take some seconds after loading into a scratch database: an event that is switched on would run meanwhile. */
    async function pathWithDawdlers(): Promise<string> {
      const folder = join(space.path, 'shims');
      await mkdir(folder, { recursive: true });
      const path = await pathWith(server);
      for (const name of ['mariadb', 'mysql']) {
        const script = `#!/bin/sh
PATH='${path}' ${name} "$@" || exit
case "$*" in *--database=vya_tmp_*) sleep 3;; esac
`;
        await writeFile(join(folder, name), script, { mode: 0o755 });
      }
      return `${folder}:${path}`;
    }
  });
}
