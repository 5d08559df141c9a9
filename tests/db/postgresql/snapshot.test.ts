import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DatabaseAdapter } from '../../../src/db/adapter.ts';
import type { Snapshot } from '../../../src/db/snapshot.ts';
import { runPipeline } from '../../../src/exec/pipeline.ts';
import { connect, type Connection } from '../../servers/connect.ts';
import type { TestServer } from '../../servers/server.ts';
import { serverIsMissing, sharedServer } from '../../servers/servers.ts';
import { dropDatabase, emptyInventory, open, programsOf, signal, temporaryDirectory } from './harness.ts';
import { unique } from './rich-database.ts';

describe.each(['postgresql-15', 'postgresql-18'] as const)('a snapshot of %s', async (kind) => {
  const missing = await serverIsMissing(kind);

  test.skipIf(missing)(
    'is taken anew when a table was truncated before it could be locked (F48)',
    async () => {
      const { adapter, name, other } = await makeDatabase(kind);
      await other.script('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
      const opening = openSnapshot(adapter, name);
      await waiting(other, 1);
      await other.script('TRUNCATE t; INSERT INTO t VALUES (7); COMMIT');
      const snapshot = await opening;
      // A snapshot from before TRUNCATE would see no row at all.
      expect(await rowsIn(snapshot)).toEqual({ t: 1, u: 1 });
    },
  );

  test.skipIf(missing)('is taken anew when a table was dropped before it could be locked', async () => {
    const { adapter, name, other } = await makeDatabase(kind);
    await other.script('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
    const opening = openSnapshot(adapter, name);
    await waiting(other, 1);
    await other.script('DROP TABLE t; COMMIT');
    expect(await rowsIn(await opening)).toEqual({ u: 1 });
  });

  test.skipIf(missing)(
    'keeps its tables from being truncated until it is closed, and sees no later row',
    async () => {
      const { adapter, name, other, server } = await makeDatabase(kind);
      const snapshot = await openSnapshot(adapter, name);
      await other.script('INSERT INTO u VALUES (8)');
      const second = await connect(server, name);
      const truncated = second.script('TRUNCATE t');
      await waiting(other, 1);
      expect(await rowsIn(snapshot)).toEqual({ t: 2, u: 1 });
      await snapshot.close();
      await truncated;
      await second.close();
      await snapshot.close();
    },
  );

  test.skipIf(missing)('gives up on a lock after the time that is set, and holds nothing (F6)', async () => {
    const { name, other, server } = await makeDatabase(kind);
    const adapter = await open(server, { lockWaitSeconds: 1 });
    await other.script('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
    await expect(openSnapshot(adapter, name)).rejects.toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(/lock timeout/),
    });
    await expect.poll(() => sessionsIn(other, name), { timeout: 20_000 }).toBe(1);
  });

  test.skipIf(missing)(
    'outlives the limits that a database sets for idle transactions (F7, F48)',
    async () => {
      const { adapter, name, other } = await makeDatabase(kind);
      const limits = ['idle_in_transaction_session_timeout', 'statement_timeout'];
      if (kind === 'postgresql-18') limits.push('transaction_timeout', 'idle_session_timeout');
      for (const limit of limits) await other.script(`ALTER DATABASE ${name} SET ${limit} TO '50ms'`);
      const snapshot = await openSnapshot(adapter, name);
      await sleep(500);
      expect(await rowsIn(snapshot)).toEqual({ t: 2, u: 1 });
    },
  );

  test.skipIf(missing)(
    'ends a dump that waits behind somebody who waits for the snapshot (F48)',
    async () => {
      const { adapter, name, other, server } = await makeDatabase(kind);
      const snapshot = await openSnapshot(adapter, name);
      const second = await connect(server, name);
      const truncated = second.script('TRUNCATE t');
      await waiting(other, 1);
      const dump = await startDump(server, adapter, name, snapshot);
      const joined = snapshot.joined([{ ended: dump.ended, commands: [] }]);
      await expect(joined).rejects.toThrow(/asked for exclusively while the dump began/);
      expect(adapter.mayRetry((await joined.catch((error: unknown) => error as Error)) as Error)).toBe(true);
      dump.abort();
      await expect(dump.ended).rejects.toThrow('aborted by the test');
      await snapshot.close();
      await truncated;
      await second.close();
    },
  );

  test.skipIf(missing)('is joined once the dump has locks of its own, or has ended', async () => {
    const { adapter, name, other, server } = await makeDatabase(kind);
    const snapshot = await openSnapshot(adapter, name);
    // The dump reads large objects last: by then it has its locks.
    await other.script('BEGIN; LOCK TABLE pg_largeobject_metadata IN ACCESS EXCLUSIVE MODE');
    const dump = await startDump(server, adapter, name, snapshot);
    const joined = (ended: Promise<unknown>) =>
      expect(snapshot.joined([{ ended, commands: [] }])).resolves.toBeUndefined();
    await joined(dump.ended);
    await other.script('ROLLBACK');
    await dump.ended;
    await joined(dump.ended);
    await joined(Promise.reject(new Error('failed')));
  });
});

const eighteen = await serverIsMissing('postgresql-18');

test.skipIf(eighteen)(
  'parallel jobs of a dump that meet an exclusive request fail, and may be retried (F48)',
  async () => {
    const { adapter, name, other, server } = await makeDatabase('postgresql-18');
    const snapshot = await openSnapshot(adapter, name);
    await other.script('BEGIN; LOCK TABLE pg_largeobject_metadata IN ACCESS EXCLUSIVE MODE');
    const dump = await startDump(server, adapter, name, snapshot);
    await snapshot.joined([{ ended: dump.ended, commands: [] }]);
    await waiting(other, 1);
    const second = await connect(server, name);
    const truncated = second.script('TRUNCATE t');
    await waiting(other, 2);
    await other.script('ROLLBACK');
    const failure = await dump.ended.then(
      () => new Error('did not fail'),
      (error: unknown) => error as Error,
    );
    expect(failure.message).toContain('could not obtain lock on relation');
    expect(adapter.mayRetry(failure)).toBe(true);
    expect(adapter.mayRetry(new Error('disk full'))).toBe(false);
    await snapshot.close();
    await truncated;
    await second.close();
  },
);

interface Made {
  server: TestServer;
  adapter: DatabaseAdapter;
  name: string;
  /** A session of somebody else's in the database. */
  other: Connection;
}

async function makeDatabase(kind: 'postgresql-15' | 'postgresql-18'): Promise<Made> {
  const server = await sharedServer(kind);
  const name = unique('snapshot');
  const adapter = await open(server, { lockWaitSeconds: 60 });
  await adapter.createDatabase(name, emptyInventory);
  onTestFinished(() => dropDatabase(server, name));
  const other = await connect(server, name);
  onTestFinished(() => other.close());
  await other.script(
    'CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2); CREATE TABLE u (a int); INSERT INTO u VALUES (1)',
  );
  return { server, adapter, name, other };
}

async function openSnapshot(adapter: DatabaseAdapter, name: string): Promise<Snapshot> {
  const snapshot = await adapter.openSnapshot(name, emptyInventory, { measured: true });
  onTestFinished(() => snapshot.close());
  return snapshot;
}

async function rowsIn(snapshot: Snapshot): Promise<Record<string, number>> {
  return Object.fromEntries((await snapshot.measure()).map((measure) => [measure.name, measure.rows]));
}

/** Until so many sessions wait for a lock in the connection's own database. */
async function waiting(connection: Connection, count: number): Promise<void> {
  const sql = `SELECT count(DISTINCT l.pid)::int AS n FROM pg_locks l WHERE NOT l.granted
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  const now = async () => (await connection.query<{ n: number }>(sql))[0]?.n;
  await expect.poll(now, { timeout: 60_000, interval: 20 }).toBe(count);
}

async function sessionsIn(connection: Connection, name: string): Promise<unknown> {
  const sql = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'`;
  return (await connection.query<{ n: number }>(sql, [name]))[0]?.n;
}

/** Starts the dump that the adapter plans for a snapshot, with two jobs where it can have them. */
async function startDump(
  server: TestServer,
  adapter: DatabaseAdapter,
  name: string,
  snapshot: Snapshot,
): Promise<{ ended: Promise<unknown>; abort(): void }> {
  const directory = await temporaryDirectory();
  const plan = adapter.dumpPlan({
    database: name,
    inventory: emptyInventory,
    programs: await programsOf(server, adapter),
    compression: { codec: 'none', level: 3 },
    jobs: 2,
    snapshot,
    directoryFor: (suffix) => `${directory}/dump${suffix}`,
  });
  const stop = new AbortController();
  const ended = runPipeline(plan.parts[0]?.commands ?? [], {
    signal: AbortSignal.any([signal, stop.signal]),
    output: 'drop',
  });
  ended.catch(() => {});
  return { ended, abort: () => stop.abort(new Error('aborted by the test')) };
}
