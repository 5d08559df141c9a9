import { access, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { tamperedCopy } from '../cli/hostile-backup.ts';
import { inSeveralStreams } from '../cli/several-streams.ts';
import { type Shims, shimsOf } from '../cli/shims.ts';
import { createTestDatabase, scratchDatabases, type TestDatabase } from '../cli/test-database.ts';
import { type VyaResult, workspace, type Workspace } from '../cli/vya.ts';
import { throughFault } from '../faults/through-fault.ts';
import { type Connection, connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { pathWith, serverIsMissing, startServer } from '../servers/servers.ts';
import { descendantsOf, stillRunning } from './processes.ts';

const login = { user: 'ending', password: 'ending-password' };
const database = 'ending';
const patience = { timeout: 60_000, interval: 50 };
const rows = Array.from({ length: 1_000 }, (_, n) => `(${n}, '${'x'.repeat(100)}')`).join(',');

for (const kind of ['mysql-9.7', 'mariadb-10.11'] as const) {
  describe.skipIf(await serverIsMissing(kind))(`two clients that load into ${kind}`, () => {
    let server: TestServer;
    let space: Workspace;
    let inside: TestDatabase;
    let shims: Shims;
    let watcher: Connection;
    let blocker: Connection;
    let streams: string;
    const program = kind.startsWith('mariadb') ? 'mariadb' : 'mysql';

    beforeAll(async () => {
      server = await startServer(kind);
      watcher = await connect(server);
      await watcher.script(
        `CREATE USER ending@'%' IDENTIFIED BY '${login.password}'; GRANT ALL ON *.* TO ending@'%' WITH GRANT OPTION`,
      );
      inside = await createTestDatabase(
        server,
        database,
        `CREATE TABLE a (id int, filler varchar(200)); INSERT INTO a VALUES ${rows};
         CREATE TABLE b (id int, filler varchar(200)); INSERT INTO b VALUES ${rows}`,
      );
      space = await workspace({
        instances: [
          { id: 'main', server, login, settings: { databases: [database], lock_wait_timeout: 20 } },
        ],
      });
      const made = await space.vya([
        'backup',
        '--jobs',
        '1',
        '--skip-accounts',
        '--exact',
        '--format',
        'json',
      ]);
      expect(made.code, made.stdout + made.stderr).toBe(0);
      const report = made.json<{ instances: { databases: { path: string }[] }[] }>();
      const folder = await mkdtemp(join(space.path, 'streams-'));
      const plain = report.instances[0]!.databases[0]!.path;
      streams = await tamperedCopy(plain, folder, (copy) => inSeveralStreams(copy));
      shims = shimsOf(space, server);
      await inside.script('DELETE FROM a WHERE id > 0');
    });
    afterEach(async () => {
      await blocker?.close();
      await shims.remove();
    });
    afterAll(async () => {
      await watcher.close();
      await space.remove();
      await server.stop();
    });

    const restoring = () => ['restore', '--file', streams, '--force', '--jobs', '2'];

    /** vya's sessions that fill tables. */
    async function loading(): Promise<{ id: number }[]> {
      return await watcher.query(`SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = 'ending'
        AND STATE LIKE 'Waiting for table %' AND INFO LIKE '%' AND INFO NOT LIKE 'DROP%'`);
    }

    /** Begins a restore and comes back when both clients wait for tables that somebody has locked. */
    async function begin() {
      const mark = (name: string) => join(space.path, 'shims', name);
      // The first client makes the tables; those that follow wait until they are locked.
      const path = await pathWith(server);
      await shims.add(
        program,
        `case "$*" in *--database=vya_tmp*)
          if mkdir '${mark('first')}' 2>/dev/null; then :; else
            mkdir '${mark('second')}' 2>/dev/null || mkdir '${mark('third')}'
            while [ ! -e '${mark('open')}' ]; do sleep 0.1; done
          fi ;; esac
        export PATH='${path}'; exec ${program} "$@"`,
      );
      const { child, result } = space.start(restoring(), { env: await shims.env() });
      const early = result.then(({ code, stdout, stderr }) => {
        throw new Error(`vya ended with ${code} before it was told to\n${stdout}${stderr}`);
      });
      early.catch(() => {});
      const stuck = async (): Promise<void> => {
        const reached = () =>
          access(mark('third')).then(
            () => true,
            () => false,
          );
        await expect.poll(reached, patience).toBe(true);
        const [scratch] = await scratchDatabases(server, 'vya_tmp_restore_');
        blocker = await connect(server, scratch);
        await blocker.script('LOCK TABLES a WRITE, b WRITE');
        await writeFile(mark('open'), '');
        await expect.poll(loading, patience).toHaveLength(2);
      };
      await Promise.race([stuck(), early]);
      return { child, result, children: await descendantsOf(child.pid as number) };
    }

    async function through(what: string, strike: () => Promise<VyaResult>, code: number): Promise<VyaResult> {
      let seen: VyaResult | undefined;
      await throughFault(`${what}, ${kind}`, space.storagePath, strike, async (result) => {
        seen = result;
        expect(result.code, result.stdout + result.stderr).toBe(code);
        expect(await inside.query('SELECT id FROM a')).toEqual([{ id: 0 }]);
      });
      return seen!;
    }

    test.each([
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const)('end with %s, and nothing of them stays', async (signal, code) => {
      await through(
        `${signal} while two clients load`,
        async () => {
          const { child, result, children } = await begin();
          child.kill(signal);
          await expect.poll(loading, patience).toEqual([]);
          await blocker.close();
          const ended = await result;
          await expect.poll(async () => (await stillRunning(children)).length, patience).toBe(0);
          return ended;
        },
        code,
      );
      expect(await scratchDatabases(server)).toEqual([]);
    });

    test('end when one of them loses its server, and nothing of them stays', async () => {
      const { stdout, stderr } = await through(
        'KILL of one of two clients that load',
        async () => {
          const { result } = await begin();
          const [first] = await loading();
          await watcher.script(`KILL ${first!.id}`);
          await expect.poll(loading, patience).toEqual([]);
          await blocker.close();
          return await result;
        },
        2,
      );
      expect(stdout + stderr).toMatch(/exited with 1: ERROR (2013|2006|1927|1317|1053)/);
      expect(await scratchDatabases(server)).toEqual([]);
    });

    test('end with kill -9 of vya, and the next restore clears away what they left', async () => {
      await through(
        'SIGKILL while two clients load',
        async () => {
          const { child, result, children } = await begin();
          child.kill('SIGKILL');
          await expect.poll(async () => (await stillRunning(children)).length, patience).toBe(0);
          await blocker.close();
          await expect.poll(loading, patience).toEqual([]);
          return await result;
        },
        137,
      );
      await shims.remove();
      const again = await space.vya(restoring());
      expect(again.code, again.stdout + again.stderr).toBe(0);
      expect(await scratchDatabases(server)).toEqual([]);
      expect(await inside.query('SELECT count(*) AS n FROM a')).toEqual([{ n: 1_000 }]);
      await inside.script('DELETE FROM a WHERE id > 0');
    });
  });
}
