import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runLock as mysqlRunLock, targetLock as mysqlTargetLock } from '../../src/db/mysql/replace/hold.ts';
import { targetLock as postgresqlTargetLock } from '../../src/db/postgresql/replace/hold.ts';
import { createTestDatabase, scratchDatabases, type TestDatabase } from '../cli/test-database.ts';
import { workspace, type Workspace } from '../cli/vya.ts';
import { openWire, type Wire } from '../faults/wire.ts';
import { type Connection, connect } from '../servers/connect.ts';
import { serverKinds } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';

const database = 'abandoned';
/** A statement of the restore by which its scratch database is there. */
const inTheMiddle = 3;

interface Told {
  warnings?: string[];
  instances?: { warnings: string[] }[];
  backups?: { warnings: string[] }[];
}

for (const kind of serverKinds) {
  describe.skipIf(await serverIsMissing(kind))(`what a run leaves on ${kind}`, () => {
    let server: TestServer;
    let wire: Wire;
    let space: Workspace;
    let inside: TestDatabase;
    let admin: Connection;
    const restore = ['restore', '--instance', 'main', '--database', database, '--latest'];

    beforeAll(async () => {
      server = await startServer(kind);
      wire = await openWire(server);
      admin = await connect(server);
      inside = await createTestDatabase(
        server,
        database,
        `CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE u (id int PRIMARY KEY);
         CREATE TABLE v (id int PRIMARY KEY); CREATE VIEW w AS SELECT id FROM t;`,
      );
      const settings = { databases: [database], ssl: { mode: 'disable' } };
      space = await workspace({
        instances: [{ id: 'main', server: { ...server, port: wire.port }, settings }],
      });
      expect((await space.vya(['backup'])).code).toBe(0);
    });
    afterAll(async () => {
      await admin.close();
      await wire.close();
      await space.remove();
      await server.stop();
    });

    const scratch = () => scratchDatabases(server);

    /** Starts vya and lets something happen to it when its scratch database is there. */
    function strike(args: string[], how: (kill: (signal: NodeJS.Signals) => void) => void) {
      const { child, result } = space.start(args);
      let struck = false;
      wire.watch((number) => {
        if (number !== inTheMiddle) return 'pass';
        struck = true;
        how((signal) => child.kill(signal));
        return 'pass';
      });
      return { child, result, struck: () => struck };
    }

    async function leaveScratch(args: string[]): Promise<string[]> {
      const { result } = strike(args, (kill) => kill('SIGKILL'));
      expect((await result).code).toBe(137);
      await expect.poll(scratch, { timeout: 60_000 }).toHaveLength(1);
      return await scratch();
    }

    async function told(args: string[]): Promise<string> {
      const result = await space.vya([...args, '--format', 'json']);
      expect(result.code, result.stdout + result.stderr).toBe(0);
      const { warnings = [], instances = [], backups = [] } = result.json<Told>();
      return [...warnings, ...[...instances, ...backups].flatMap((each) => each.warnings)].join('\n');
    }

    test('a killed restore is named by check and dry runs, and cleared away by the next backup', async () => {
      const [left = ''] = await leaveScratch([...restore, '--force']);
      for (const args of [['check'], ['backup', '--dry-run'], [...restore, '--dry-run']]) {
        expect(await told(args)).toContain(left);
        expect(await scratch()).toEqual([left]);
      }
      expect(await told(['backup'])).toContain(`Dropped ${left}, which a run that was killed had left`);
      expect(await scratch()).toEqual([]);
      expect(await told(['backup'])).toBe('');
    });

    test.each([
      ['restore', [...restore, '--force']],
      ['rehearsal', ['verify', '--rehearse']],
    ])('the next %s clears away what a killed rehearsal has left', async (_what, args) => {
      const [left = ''] = await leaveScratch(['verify', '--rehearse']);
      expect(left).toContain('vya_tmp_rehearsal_');
      expect(await told(args)).toContain(`Dropped ${left}`);
      expect(await scratch()).toEqual([]);
    });

    test('what belongs to a run that is alive is left alone, however long that takes', async () => {
      const { child, result, struck } = strike([...restore, '--force'], (kill) => kill('SIGSTOP'));
      await expect.poll(struck, { timeout: 60_000 }).toBe(true);
      await expect.poll(scratch, { timeout: 60_000 }).toHaveLength(1);
      const before = await scratch();
      wire.watch(() => 'pass');
      expect(await told(['backup'])).toBe('');
      expect(await told(['verify', '--rehearse'])).toBe('');
      expect(await scratch()).toEqual(before);
      child.kill('SIGCONT');
      const { code, stdout, stderr } = await result;
      expect(code, stdout + stderr).toBe(0);
      expect(await scratch()).toEqual([]);
    });

    test('a database that another restore is replacing now is not touched: code 11', async () => {
      await inside.script('INSERT INTO t VALUES (2)');
      const lock = kind.startsWith('postgresql')
        ? `SELECT pg_advisory_lock(${0x767961}, ${postgresqlTargetLock(database)})`
        : `SELECT GET_LOCK('${mysqlTargetLock(database)}', 0)`;
      const other = await connect(server);
      await other.query(lock);
      const result = await space.vya([...restore, '--force']);
      await other.close();
      expect(result.code, result.stderr).toBe(11);
      expect(await inside.query('SELECT id FROM t ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
      expect(await scratch()).toEqual([]);
    });

    test('nothing is dropped that no journal explains', async () => {
      const names = ['vya_tmp_old_00000000_0123456789ab', 'vya_tmp_restore_by_hand'];
      // On MySQL a scratch database of another server: replication brings databases, but not their locks.
      if (server.type === 'mysql') names.push('vya_tmp_restore_00000000_ba9876543210');
      for (const name of names) await admin.query(`CREATE DATABASE ${name}`);
      const said = await told(['backup']);
      for (const name of names) expect(said).toContain(name);
      expect((await scratch()).toSorted()).toEqual(names.toSorted());
      for (const name of names) await admin.query(`DROP DATABASE ${name}`);
    });

    if (!kind.startsWith('postgresql')) {
      test('an account that only reads says what there is, and backs up all the same', async () => {
        const [left = ''] = await leaveScratch([...restore, '--force']);
        await admin.query(`CREATE USER reader IDENTIFIED BY 'reads'`);
        await admin.query(
          `GRANT SELECT, SHOW VIEW, TRIGGER, EVENT${kind === 'mysql-9.7' ? ', REPLICATION CLIENT, SHOW_ROUTINE' : ', BINLOG MONITOR'} ON *.* TO reader`,
        );
        const reading = await workspace({
          instances: [
            {
              id: 'main',
              server,
              login: { user: 'reader', password: 'reads' },
              settings: { databases: [database] },
            },
          ],
        });
        const result = await reading.vya(['backup', '--format', 'json']);
        await reading.remove();
        expect(result.code, result.stdout).toBe(0);
        expect(result.stdout).toContain(
          `${left} was left by a run that was killed, and could not be dropped`,
        );
        expect(await scratch()).toEqual([left]);
        const [free] = await admin.query<{ free: number }>(
          `SELECT IS_FREE_LOCK('${mysqlRunLock(left)}') AS free`,
        );
        expect(Number(free?.free)).toBe(1);
        expect(await told(['backup'])).toContain(`Dropped ${left}`);
      });
    }
  });
}
