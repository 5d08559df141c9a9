import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Gate, type Shims, shimsOf } from '../cli/shims.ts';
import { createTestDatabase, scratchDatabases, type TestDatabase } from '../cli/test-database.ts';
import { type VyaResult, workspace, type Workspace } from '../cli/vya.ts';
import { throughFault } from '../faults/through-fault.ts';
import { type Connection, connect } from '../servers/connect.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { descendantsOf, stillRunning } from './processes.ts';

const codes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143, SIGKILL: 137 } as const;
type Signal = keyof typeof codes;

const login = { user: 'ending', password: 'ending-password' };
const database = 'ending';
/** Generous: the machine may be busy. What is waited for happens within a second or a few. */
const patience = { timeout: 60_000, interval: 50 };

interface Stage {
  name: string;
  signals: Signal[];
  command: 'backup' | 'restore';
  /** What vya has started is killed with it, as by systemd or a lack of memory: nobody is left to clean up. */
  everything?: boolean;
  /** Makes what vya will be stuck at. */
  arrange(): Promise<void>;
  /** Comes back when it is stuck there. */
  reached(): Promise<void>;
  /** What stood in the way goes. */
  clear?: () => Promise<void>;
}

/** How vya ends when it is told to, or killed, at every stage of its work. */
export async function describeEndings(kind: ServerKind): Promise<void> {
  const mysql = !kind.startsWith('postgresql');
  const maria = kind.startsWith('mariadb');
  const programs = mysql
    ? { query: maria ? 'mariadb' : 'mysql', dump: maria ? 'mariadb-dump' : 'mysqldump' }
    : { query: 'psql', dump: 'pg_dump' };

  describe.skipIf(await serverIsMissing(kind))(kind, () => {
    let server: TestServer;
    let space: Workspace;
    let inside: TestDatabase;
    let shims: Shims;
    let blocker: Connection;
    let watcher: Connection;
    let open: (() => Promise<void>) | undefined;

    beforeAll(async () => {
      // Its own: it is locked as a whole, and sessions are counted.
      server = await startServer(kind);
      watcher = await connect(server);
      await watcher.script(mysql ? mysqlAccount : postgresqlAccount);
      inside = await createTestDatabase(server, database, mysql ? mysqlTables : postgresqlTables);
      space = await workspace({
        instances: [
          { id: 'main', server, login, settings: { databases: [database], lock_wait_timeout: 20 } },
        ],
      });
      shims = shimsOf(space, server);
      await backupWorks();
    });
    afterEach(async () => {
      await open?.();
      open = undefined;
      await blocker?.close();
      await shims.remove();
    });
    afterAll(async () => {
      await watcher.close();
      await space.remove();
      await server.stop();
    });

    /** vya's sessions and its client programs', with what they are at. */
    async function sessions(): Promise<{ at: string }[]> {
      return await watcher.query(
        mysql
          ? `SELECT CONCAT_WS(' ', COMMAND, STATE, INFO) AS at FROM information_schema.PROCESSLIST WHERE USER = 'ending'`
          : `SELECT concat_ws(' ', application_name, wait_event_type, wait_event, query) AS at FROM pg_stat_activity WHERE usename = 'ending'`,
      );
    }

    const stuck = (pattern: RegExp) => async (): Promise<void> => {
      const texts = async () => (await sessions()).map(({ at }) => at).join('\n');
      await expect.poll(texts, patience).toMatch(pattern);
    };

    /** A gate before the program, and at it a lock: so that vya's own questions do not meet the lock. */
    async function lockBefore(program: string, pattern: string, lock: string): Promise<void> {
      const gate = await shims.gate(program, pattern);
      open = gate.open;
      blocker = await connect(server, database);
      locked = reach(gate, () => blocker.script(lock).then(gate.open));
    }
    let locked: Promise<void> = Promise.resolve();

    function reach(gate: Gate, then = async (): Promise<void> => {}): Promise<void> {
      const reached = async (): Promise<void> => {
        await expect.poll(gate.reached, patience).toBe(true);
        await then();
      };
      const promise = reached();
      promise.catch(() => {});
      return promise;
    }

    async function backupWorks(): Promise<void> {
      const next = await space.vya(['backup']);
      expect(next.code, next.stdout + next.stderr).toBe(0);
      expect(await readdir(join(space.storagePath, '.staging/main'))).toEqual([]);
    }

    const stages: Stage[] = [
      {
        name: 'before the dump',
        signals: ['SIGINT', 'SIGKILL'],
        command: 'backup',
        async arrange() {
          const gate = await shims.gate(programs.query, '*');
          locked = reach(gate);
        },
        reached: async () => {},
      },
      {
        name: 'in a dump that waits for a lock (F6)',
        signals: ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'],
        command: 'backup',
        arrange: () =>
          lockBefore(
            programs.dump,
            `*${mysql ? 'single-transaction' : 'format'}*`,
            mysql ? 'LOCK TABLES bulk WRITE' : 'BEGIN; LOCK TABLE bulk IN ACCESS EXCLUSIVE MODE',
          ),
        reached: stuck(mysql ? /Query Waiting for table (metadata lock|flush)/ : /Lock relation LOCK TABLE/),
      },
      ...(kind === 'postgresql-18'
        ? []
        : [
            {
              name: 'while the compressor takes nothing',
              signals: ['SIGHUP', 'SIGKILL'],
              command: 'backup',
              arrange: () => shims.add('zstd', 'exec sleep 1000'),
              reached: stuck(mysql ? /Query (Writing to net|Sending|executing).*SELECT/ : /ClientWrite COPY/),
            } as const satisfies Stage,
          ]),
      {
        name: 'while a restore loads',
        signals: ['SIGTERM', 'SIGKILL'],
        command: 'restore',
        arrange: async () => {
          if (mysql) await lockBefore(programs.query, '*--database=vya_tmp_*', 'FLUSH TABLES WITH READ LOCK');
        },
        reached: stuck(
          mysql ? /Query Waiting for (global read|backup|schema metadata|table metadata) lock/ : /PgSleep/,
        ),
        clear: async () => {
          if (mysql) await blocker.script('UNLOCK TABLES');
        },
      },
    ];

    const atLock = stages.filter(({ name }) => name.startsWith('in a dump'));
    stages.push(
      ...atLock.map((stage) => ({
        ...stage,
        name: 'of vya and all its programs at once, in a dump that waits for a lock (F6),',
        signals: ['SIGKILL' as const],
        everything: true,
      })),
    );
    const cases = stages.flatMap((stage) => stage.signals.map((signal) => ({ ...stage, signal })));
    test.each(cases)('$signal $name leaves nothing behind (F30)', async (stage) => {
      const what = `${stage.signal} ${stage.name}, ${kind}`;
      await throughFault(
        what,
        space.storagePath,
        () => strike(stage),
        (seen) => check(stage, seen),
      );
    });

    /** Sends the signal at the stage, and waits until vya and everything that it started have ended. */
    async function strike(stage: Stage & { signal: Signal }): Promise<VyaResult> {
      locked = Promise.resolve();
      await stage.arrange();
      const args = { backup: ['backup'], restore: restoreArgs }[stage.command];
      const { child, result } = space.start(args, { env: await shims.env() });
      const early = result.then(({ code, stderr }) => {
        throw new Error(`vya ended with ${code} before it was told to\n${stderr}`);
      });
      early.catch(() => {});
      await Promise.race([locked.then(stage.reached), early]);
      const children = await descendantsOf(child.pid as number);
      expect(children.length).toBeGreaterThan(0);
      if (stage.everything) children.forEach(({ pid }) => process.kill(pid, 'SIGKILL'));
      child.kill(stage.signal);

      const programsLeft = async () => (await stillRunning(children)).length;
      // Only what outlives a killed vya is left: a lock may keep vya itself waiting as it cleans up.
      await expect.poll(programsLeft, patience).toBeLessThanOrEqual(1);
      await stage.clear?.();
      const ended = await result;
      await expect.poll(programsLeft, patience).toBe(0);
      return ended;
    }

    async function check(
      { signal, everything }: Stage & { signal: Signal },
      { code, stderr }: VyaResult,
    ): Promise<void> {
      expect(code, stderr).toBe(codes[signal]);
      // While the lock is still held by the other: no session may wait for that to end.
      await expect.poll(sessions, patience).toEqual([]);
      if (signal !== 'SIGKILL') {
        expect(stderr).toContain(`Ended by ${signal}`);
        expect(await readdir(join(space.storagePath, '.staging/main'))).toEqual([]);
        expect(await scratchDatabases(server)).toEqual([]);
      }
      // Passwords stand in files for as long as their programs run.
      if (!everything) expect(await readdir(join(space.path, 'tmp'))).toEqual([]);
      await open?.();
      await blocker?.close();
      await backupWorks();
      expect(await inside.query('SELECT id FROM bulk WHERE id = 1')).toEqual([{ id: 1 }]);
    }
  });
}

const restoreArgs = ['restore', '--instance', 'main', '--database', database, '--latest', '--force'];

const mysqlAccount = `CREATE USER ending@'%' IDENTIFIED BY '${login.password}'; GRANT ALL ON *.* TO ending@'%'`;
const postgresqlAccount = `CREATE ROLE ending SUPERUSER LOGIN PASSWORD '${login.password}'`;

/** More than pipes and sockets hold. */
const mysqlTables = `CREATE TABLE bulk (id int PRIMARY KEY AUTO_INCREMENT, filler varchar(8000));
  INSERT INTO bulk (filler) VALUES ${Array.from({ length: 64 }, () => `(REPEAT('x', 8000))`).join(',')};
  ${'INSERT INTO bulk (filler) SELECT filler FROM bulk;'.repeat(7)}`;

/** Its index takes for ever where vya loads it, and no time here. */
const postgresqlTables = `CREATE FUNCTION slow(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN IF current_database() LIKE 'vya\\_tmp\\_%' THEN PERFORM pg_catalog.pg_sleep(1000); END IF; RETURN n; END $$;
  CREATE TABLE bulk (id int PRIMARY KEY, filler text);
  ALTER TABLE bulk ALTER filler SET STORAGE PLAIN;
  INSERT INTO bulk SELECT n, repeat('x', 7000) FROM generate_series(1, 8000) n;
  CREATE INDEX ON bulk (slow(id)) WHERE id = 1`;
