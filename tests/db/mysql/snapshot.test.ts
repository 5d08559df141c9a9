import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Login } from '../../servers/connect.ts';
import type { TestServer } from '../../servers/server.ts';
import { serverIsMissing, startServer } from '../../servers/servers.ts';
import type { Snapshot, TableMeasure } from '../../../src/db/snapshot.ts';
import { connectMysql } from '../../../src/db/mysql/adapter.ts';
import { runPipeline } from '../../../src/exec/pipeline.ts';
import { targetOf } from '../target.ts';
import type { Command } from '../../../src/exec/command.ts';
import { exactDump, exactly, measureCopy, planned, tablesCommand } from './exact.ts';
import { type Bench, flavours, freshDatabase, inside, openBench } from './support.ts';
import { startTransfers } from './transfers.ts';
import { makeZoo } from './zoo.ts';

const holdWriters = fileURLToPath(new URL('fixtures/hold-writers.ts', import.meta.url));
/** Reads nothing: what writes to it stays where it is, in the middle of a table. */
const sleeper = { file: 'sleep', args: ['600'], env: { PATH: '/usr/bin:/bin' } };
const never = new Promise<never>(() => {});

for (const kind of flavours) {
  describe.skipIf(await serverIsMissing(kind))(`snapshots of ${kind}`, () => {
    let server: TestServer;
    let benches: Bench[];

    async function account(user: string, grants: string): Promise<Bench> {
      const login: Login = { user, password: 'Exact.1234' };
      const admin = await connect(server);
      try {
        await admin.script(
          `CREATE USER ${user}@'%' IDENTIFIED BY '${login.password}'; GRANT ${grants} ON *.* TO ${user}@'%'`,
        );
      } finally {
        await admin.close();
      }
      return await openBench(kind, login, server);
    }

    beforeAll(async () => {
      // One of their own: they hold all writers of a server.
      server = await startServer(kind);
      const reading = 'SELECT, SHOW VIEW, TRIGGER, EVENT, REPLICATION CLIENT';
      benches = [
        await openBench(kind, {}, server),
        await account('reloads', `${reading}, RELOAD, PROCESS`),
        await account('locks', `${reading}, LOCK TABLES`),
      ];
    });
    afterAll(async () => {
      for (const bench of benches) await bench.close();
      await server.stop();
    });

    it('are shared by a dump and exact counts while transfers are committed all the time (F47)', async () => {
      const [admin] = benches as [Bench];
      await freshDatabase(admin, 'bank');
      const transfers = await startTransfers(server, 'bank');
      try {
        for (let round = 0; round < 16; round += 1) {
          const bench = benches[round % 3] as Bench;
          const { parts, measures } = await exactDump(bench, 'bank');
          const copy = await measureCopy(admin, parts, 'bank_copy', 'bank');
          expect(copy, `round ${round}`).toEqual(measures);
          expect(await transfers.total('bank_copy')).toBe(transfers.expected);
        }
      } finally {
        await transfers.stop();
      }
      expect(transfers.commits()).toBeGreaterThan(100);
    });

    /** A database of one table, and a statement that waits while writers are held. */
    async function onlyTable(database: string): Promise<void> {
      const [admin] = benches as [Bench];
      await freshDatabase(admin, database);
      await inside(
        admin,
        database,
        'CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT, v longtext)',
        `INSERT INTO t (v) VALUES ('first')`,
      );
    }

    async function open(bench: Bench, database: string): Promise<Snapshot> {
      return await exactly(bench).openSnapshot(database, await bench.adapter.inventory(database), {
        measured: true,
      });
    }

    const write = (database: string) =>
      inside(benches[0] as Bench, database, `INSERT INTO t (v) VALUES ('more')`);

    /** Waits until a writer is seen to wait; fails when it goes on instead. */
    async function writerWaits(database: string): Promise<{ done: Promise<void>; state: string }> {
      const [admin] = benches as [Bench];
      const before = new Set(
        (await admin.admin.query<{ Id: number }>('SHOW PROCESSLIST')).map(({ Id }) => Id),
      );
      let over = false;
      const done = write(database).finally(() => (over = true));
      for (;;) {
        if (over) throw new Error('the writer was not held');
        const sessions = await admin.admin.query<{ Id: number; State: string | null }>('SHOW PROCESSLIST');
        const waiting = sessions.find(
          ({ Id, State }) => !before.has(Id) && /^Waiting for .*lock/i.test(State ?? ''),
        );
        if (waiting) return { done, state: waiting.State ?? '' };
      }
    }

    it.each([0, 1, 2])(
      'hold writers until the dump is seen, and let them go on before it ends (account %i) (F47)',
      async (index) => {
        const bench = benches[index] as Bench;
        await onlyTable('held');
        await inside(
          bench,
          'held',
          ...Array.from({ length: 5 }, () => `INSERT INTO t (v) SELECT REPEAT('x', 6000000)`),
        );
        const snapshot = await open(bench, 'held');
        const stop = new AbortController();
        try {
          const writer = await writerWaits('held');
          const command = tablesCommand(bench, 'held', await bench.adapter.inventory('held'), snapshot);
          const dump = runPipeline([command, sleeper], { signal: stop.signal, output: 'drop' });
          const ended = expect(dump).rejects.toThrow();
          await snapshot.joined([{ ended: dump, commands: [command] }]);
          await writer.done;
          await expect(snapshot.measure()).resolves.toMatchObject([{ name: 't', rows: 6 }]);
          stop.abort();
          await ended;
        } finally {
          stop.abort();
          await snapshot.close();
        }
      },
    );

    it('take no other dump of the account for their own (F47)', async () => {
      const bench = benches[2] as Bench;
      await onlyTable('two');
      await inside(
        bench,
        'two',
        ...Array.from({ length: 5 }, () => `INSERT INTO t (v) SELECT REPEAT('x', 6000000)`),
      );
      const inventory = await bench.adapter.inventory('two');
      const [snapshot, stop] = [await open(bench, 'two'), new AbortController()];
      try {
        // The snapshot's own is planned, and never started.
        const command = tablesCommand(bench, 'two', inventory, snapshot);
        const [other] = bench.adapter.dumpPlan({ ...planned(bench, 'two'), inventory }).parts;
        const dump = runPipeline([other?.commands[0] as Command, sleeper], {
          signal: stop.signal,
          output: 'drop',
        });
        const ended = expect(dump).rejects.toThrow();
        const joined = snapshot.joined([{ ended: never, commands: [command] }]);
        await expect(joined).rejects.toThrow('not seen to begin');
        const sessions = await bench.admin.query<{ User: string; db: string | null }>('SHOW PROCESSLIST');
        expect(sessions.some(({ User, db }) => User === 'locks' && db === 'two')).toBe(true);
        stop.abort();
        await ended;
      } finally {
        stop.abort();
        await snapshot.close();
      }
    });

    it('let writers go on when they are closed without a dump, and say where the source stood', async () => {
      await onlyTable('closed');
      const states: string[] = [];
      for (const bench of benches) {
        const snapshot = await open(bench, 'closed');
        const writer = await writerWaits('closed');
        states.push(writer.state);
        expect(snapshot.positions.map(({ kind: of, exact }) => `${of} ${exact}`)).toEqual([
          'binlog true',
          'gtid true',
        ]);
        await snapshot.close();
        await snapshot.close();
        await writer.done;
      }
      const whole = kind.startsWith('mariadb') ? 'Waiting for backup lock' : 'Waiting for global read lock';
      expect(states).toEqual([whole, whole, 'Waiting for table metadata lock']);
    });

    it('take a dump that has ended for one that has joined, and refuse with one that failed', async () => {
      const [bench] = benches as [Bench];
      await onlyTable('ended');
      const good = await open(bench, 'ended');
      await good.joined([{ ended: Promise.resolve(), commands: [] }]);
      await write('ended');
      await good.close();
      const bad = await open(bench, 'ended');
      await expect(
        bad.joined([{ ended: Promise.reject(new Error('the dump broke')), commands: [] }]),
      ).rejects.toThrow('the dump broke');
      await write('ended');
      await bad.close();
    });

    it('never hold writers longer than their limit when no dump comes', async () => {
      await onlyTable('late');
      const snapshot = await open(benches[0] as Bench, 'late');
      const writer = await writerWaits('late');
      await expect(snapshot.joined([{ ended: never, commands: [] }])).rejects.toMatchObject({
        kind: 'failed',
        message: expect.stringContaining('not seen'),
      });
      await writer.done;
      await snapshot.close();
    });

    it('let writers go on when vya is killed, or stopped for longer than the limit', async () => {
      await onlyTable('orphaned');
      for (const blow of ['SIGKILL', 'SIGSTOP'] as const) {
        const child = await holding('orphaned');
        try {
          const writer = await writerWaits('orphaned');
          child.kill(blow);
          await writer.done;
        } finally {
          child.kill('SIGKILL');
        }
      }
      expect(
        await exactly(benches[0] as Bench).measure(
          'orphaned',
          await (benches[0] as Bench).adapter.inventory('orphaned'),
        ),
      ).toMatchObject([{ rows: 3 }]);
    });

    async function holding(database: string): Promise<ChildProcess> {
      const child = spawn(process.execPath, [holdWriters, JSON.stringify(targetOf(server)), database], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      return child;
    }

    it('fail when the session that held writers is lost before the dump is seen', async () => {
      const bench = benches[1] as Bench;
      await onlyTable('lost');
      const snapshot = await open(bench, 'lost');
      const writer = await writerWaits('lost');
      const { admin } = benches[0] as Bench;
      const sessions = await admin.query<{ Id: number; User: string; Command: string }>('SHOW PROCESSLIST');
      for (const { Id } of sessions.filter(({ User }) => User === 'reloads')) await admin.query(`KILL ${Id}`);
      await writer.done;
      await expect(snapshot.joined([{ ended: Promise.resolve(), commands: [] }])).rejects.toMatchObject({
        kind: 'failed',
        message: expect.stringContaining('lost'),
      });
      await snapshot.close();
    });

    it('name the grant that helps an account that may only read', async () => {
      await onlyTable('denied');
      const bench = await account('reader', 'SELECT, SHOW VIEW, TRIGGER, EVENT, REPLICATION CLIENT');
      const sessions = async () =>
        (await bench.admin.query<{ User: string }>('SHOW PROCESSLIST')).filter(
          ({ User }) => User === 'reader',
        ).length;
      const before = await sessions();
      const grant = kind.startsWith('mariadb') ? 'RELOAD ON *.*' : 'LOCK TABLES ON `denied`.*';
      await expect(open(bench, 'denied')).rejects.toMatchObject({
        kind: 'privileges',
        hint: expect.stringContaining(`GRANT ${grant} TO 'reader'@'%';`),
      });
      await write('denied');
      await expect.poll(sessions, { timeout: 30_000 }).toBe(before);
      // What the hint says is enough.
      await bench.admin.query(`GRANT ${grant} TO reader@'%'`);
      const granted = await openBench(kind, { user: 'reader', password: 'Exact.1234' }, server);
      await (await open(granted, 'denied')).close();
      await granted.close();
      await bench.close();
    });

    it('leave out tables without transactions that changed meanwhile, and hold those that did not (F5)', async () => {
      const bench = benches[2] as Bench;
      await onlyTable('mixed');
      await inside(
        bench,
        'mixed',
        'CREATE TABLE quiet (id int) ENGINE=MyISAM',
        'INSERT INTO quiet VALUES (1)',
        'CREATE TABLE busy (id int) ENGINE=MyISAM',
        'INSERT INTO busy VALUES (1)',
      );
      const { parts, measures } = await exactDump(bench, 'mixed', async (snapshot, dump) => {
        await snapshot.joined([dump]);
        await inside(benches[0] as Bench, 'mixed', 'INSERT INTO busy VALUES (2)');
      });
      expect(measures.map(({ name, rows }) => `${name} ${rows}`).toSorted()).toEqual(['quiet 1', 't 1']);
      const copy = await measureCopy(benches[0] as Bench, parts, 'mixed_copy', 'mixed');
      for (const measure of measures) expect(copy).toContainEqual(measure);
    });

    it('hold every kind of table, and know all but what others write to (F5)', async () => {
      const [admin] = benches as [Bench];
      await makeZoo(admin, 'snap zoo');
      const { parts, measures } = await exactDump(benches[2] as Bench, 'snap zoo');
      const copy = await measureCopy(admin, parts, 'snap zoo copy', 'snap zoo');
      const values = (all: TableMeasure[]) =>
        Object.fromEntries(all.map(({ name, rows, digest }) => [name, [rows, digest.value]]));
      expect(values(measures)).toEqual(values(copy));
    });

    it('say where the source stood in that very moment (F47)', async () => {
      const [admin] = benches as [Bench];
      await onlyTable('counted');
      let stopped = false;
      const writers = Array.from({ length: 3 }, async () => {
        const session = await connect(server, 'counted');
        while (!stopped) await session.query(`INSERT INTO t (v) VALUES ('one commit')`);
        await session.close();
      });
      const offsets = new Set<number>();
      let rows = 0;
      try {
        for (let round = 0; round < 9; round += 1) {
          const snapshot = await open(benches[round % 3] as Bench, 'counted');
          await snapshot.joined([{ ended: Promise.resolve(), commands: [] }]);
          const [measure] = await snapshot.measure();
          const gtid = snapshot.positions.find((position) => position.kind === 'gtid')?.value ?? '';
          offsets.add(Number(/(\d+)$/.exec(gtid)?.[1]) - (measure?.rows ?? 0));
          rows = measure?.rows ?? 0;
          await snapshot.close();
        }
      } finally {
        stopped = true;
        await Promise.all(writers);
      }
      expect(rows).toBeGreaterThan(20);
      // As many commits as rows, and a few from before.
      expect(offsets.size).toBe(1);
      expect(admin.adapter.server.replica).toBe(false);
    });

    it('lock the tables instead where a long query, or another backup, is in the way of more', async () => {
      const bench = await account('falls_back', 'SELECT, RELOAD, PROCESS, LOCK TABLES, REPLICATION CLIENT');
      const hasty = await openBench(
        kind,
        { user: 'falls_back', password: 'Exact.1234', lockWaitSeconds: 1 },
        server,
      );
      await onlyTable('queried');
      const mariadb = bench.adapter.server.flavour === 'mariadb';
      const other = await connect(server, 'queried');
      const [own] = await other.query<{ id: number }>('SELECT CONNECTION_ID() AS id');
      if (mariadb) await other.script('BACKUP STAGE START');
      const query = mariadb ? Promise.resolve() : other.script('SELECT SLEEP(600) FROM t');
      query.catch(() => {});
      try {
        const running = async () => {
          const sessions = await bench.admin.query<{ Id: number; Info: string | null; Time: number }>(
            'SHOW PROCESSLIST',
          );
          return sessions.some(
            ({ Id, Info, Time }) => Id === own?.id && (mariadb || (Info !== null && Time >= 1)),
          );
        };
        await expect.poll(running, { timeout: 30_000 }).toBe(true);
        const snapshot = await open(hasty, 'queried');
        const writer = await writerWaits('queried');
        // MySQL's FLUSH TABLES would leave this waiting for the long query, even after it had given up.
        await expect(bench.admin.query('SELECT COUNT(*) AS n FROM queried.t')).resolves.toEqual([{ n: 1 }]);
        await snapshot.close();
        await writer.done;
        expect(await running()).toBe(true);
      } finally {
        await bench.admin.query(`KILL ${own?.id}`);
        await query.catch(() => {});
        await hasty.close();
        await bench.close();
      }
    });

    if (kind.startsWith('mysql'))
      it('do not flush tables while a long query runs, and say what helps', async () => {
        const bench = benches[1] as Bench;
        await onlyTable('long');
        const other = await connect(server, 'long');
        const [own] = await other.query<{ id: number }>('SELECT CONNECTION_ID() AS id');
        const query = other.script('SELECT SLEEP(600) FROM t');
        query.catch(() => {});
        try {
          const seconds = async () => {
            const sessions = await bench.admin.query<{ Id: number; Info: string | null; Time: number }>(
              'SHOW PROCESSLIST',
            );
            const found = sessions.find(({ Id, Info }) => Id === own?.id && Info?.startsWith('SELECT SLEEP'));
            return found?.Time;
          };
          await expect.poll(seconds, { timeout: 30_000 }).toBeGreaterThan(0);
          await expect(open(bench, 'long')).rejects.toMatchObject({
            kind: 'failed',
            message: expect.stringContaining('long queries are running'),
            hint: expect.stringContaining('GRANT LOCK TABLES ON `long`.* TO'),
          });
          await expect(bench.admin.query('SELECT COUNT(*) AS n FROM `long`.t')).resolves.toEqual([{ n: 1 }]);
          expect(await seconds()).toBeGreaterThan(0);
        } finally {
          await bench.admin.query(`KILL ${own?.id}`);
          await query.catch(() => {});
        }
      });

    it('give up when transactions stay open, and let writers go on', async () => {
      const hasty = await openBench(
        kind,
        { user: 'locks', password: 'Exact.1234', lockWaitSeconds: 1 },
        server,
      );
      await onlyTable('open');
      const other = await connect(server, 'open');
      try {
        await other.script(`START TRANSACTION; INSERT INTO t (v) VALUES ('not yet')`);
        await expect(open(hasty, 'open')).rejects.toMatchObject({
          kind: 'failed',
          hint: expect.stringContaining('transactions'),
        });
        await write('open');
      } finally {
        await other.close();
        await hasty.close();
      }
    });

    it.each(['a snapshot', 'a copy'])(
      'end on the server, too, when counts of %s are cut off',
      async (what) => {
        await onlyTable('cut');
        const stop = new AbortController();
        const login = { user: 'locks', password: 'Exact.1234', lockWaitSeconds: 3600 };
        const adapter = await connectMysql(targetOf(server, login), { signal: stop.signal });
        const { admin } = benches[0] as Bench;
        const counting = async () => {
          const sessions = await admin.query<{ User: string; Info: string | null }>('SHOW FULL PROCESSLIST');
          return sessions.filter(({ User, Info }) => User === 'locks' && Info?.startsWith('SELECT COUNT(*)'))
            .length;
        };
        const inventory = await adapter.inventory('cut');
        const snapshot =
          what === 'a copy' ? undefined : await adapter.openSnapshot('cut', inventory, { measured: true });
        await snapshot?.joined([{ ended: Promise.resolve(), commands: [] }]);
        // It keeps the count waiting for longer than any test.
        const other = await connect(server, 'cut');
        await other.script('LOCK TABLES t WRITE');
        try {
          const measuring = expect(
            snapshot?.measure() ?? adapter.measure('cut', inventory),
          ).rejects.toThrow();
          await expect.poll(counting, { timeout: 30_000 }).toBe(1);
          stop.abort();
          await measuring;
          await snapshot?.close();
          await adapter.close();
          await expect.poll(counting, { timeout: 30_000 }).toBe(0);
        } finally {
          await other.close();
        }
      },
    );

    it('fail for a row that the server cannot hash, instead of passing it for another', async () => {
      const { admin } = benches[0] as Bench;
      await onlyTable('short');
      await inside(
        benches[0] as Bench,
        'short',
        `ALTER TABLE t MODIFY v varchar(16000)`,
        `INSERT INTO t (v) VALUES (REPEAT('x', 16000))`,
      );
      const [was] = await admin.query<{ size: number }>('SELECT @@global.max_allowed_packet AS size');
      await admin.query('SET GLOBAL max_allowed_packet = 8192');
      const bench = await openBench(kind, {}, server);
      try {
        const inventory = await bench.adapter.inventory('short');
        await expect(bench.adapter.measure('short', inventory)).rejects.toMatchObject({
          kind: 'failed',
          message: expect.stringContaining('max_allowed_packet'),
        });
      } finally {
        await admin.query(`SET GLOBAL max_allowed_packet = ${was?.size}`);
        await bench.close();
      }
    });

    it('have nothing to hold where there are no tables', async () => {
      const bench = benches[2] as Bench;
      await freshDatabase(benches[0] as Bench, 'bare');
      const { measures } = await exactDump(bench, 'bare');
      expect(measures).toEqual([]);
    });
  });
}
