import type { Knex } from 'knex';
import type { Inventory } from '../../model/inventory.ts';
import type { ServerInfo, Snapshot, TableMeasure } from '../adapter.ts';
import { listSessions, seeDump } from './dump-watch.ts';
import { readTransactional } from './engines.ts';
import { hasDumpableHistory } from './history.ts';
import { measureTables } from './measure.ts';
import { readPosition } from './position.ts';
import { rows } from './query.ts';
import { takeReadLock } from './read-lock.ts';
import { type PinnedSession, pinSession } from './session.ts';

export interface SnapshotRequest {
  /** A pool of three sessions that is the snapshot's own; closing it destroys it. */
  knex: Knex;
  /** Works in a session that no signal cuts off. */
  withOwnSession(work: (own: Knex) => Promise<void>): Promise<void>;
  server: ServerInfo;
  lockWaitSeconds: number;
  database: string;
  inventory: Inventory;
}

/**
 * Holds writers, begins a transaction of vya's own, and keeps holding until `joined` has seen that the dump has begun its own:
 * both then read from one moment (F47). Two sessions, because a lock on tables and a transaction end each other.
 *
 * Tables without transactions have no such moment. They are measured before the dump begins and after it has ended, and left out
 * of what `measure` returns when that differs (F5), when the dump has failed, or when none has joined.
 *
 * @throws VyaError `privileges` or `failed` where writers cannot be held
 */
export async function openSnapshot(request: SnapshotRequest): Promise<Snapshot> {
  const sessions: PinnedSession[] = [];
  let closed: Promise<void> | undefined;
  const close = () =>
    (closed ??= (async () => {
      for (const session of sessions) await session.release();
      await request.knex.destroy();
    })());
  try {
    const counting = await pinSession(request.knex);
    sessions.push(counting);
    const locking = await pinSession(request.knex);
    sessions.push(locking);
    return await begin(request, counting, locking, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function begin(
  request: SnapshotRequest,
  counting: PinnedSession,
  locking: PinnedSession,
  closeSessions: () => Promise<void>,
): Promise<Snapshot> {
  const { knex, server, lockWaitSeconds, database, inventory } = request;
  const history = await hasDumpableHistory(knex, server, database);
  const isTransactional = await readTransactional(knex);
  const outside = inventory.tables.filter((table) => !isTransactional(table));
  const inside = inventory.tables.filter(isTransactional);
  /** The number of counts that were begun and have not ended well: the server may be at one still. */
  let counts = 0;
  const measure = async (tables: typeof inside, inTransaction: boolean) => {
    counts += 1;
    const measures = await measureTables({
      session: counting,
      server,
      database,
      tables,
      history,
      inTransaction,
    });
    counts -= 1;
    return measures;
  };

  const before = await measure(outside, false);
  await counting.ask('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  const known = await listSessions(knex);
  const lock = await takeReadLock(locking, { server, lockWaitSeconds, database, tables: inventory.tables });
  let dumped: Promise<unknown> = Promise.reject(new Error('no dump has joined'));
  dumped.catch(() => {});
  try {
    await counting.ask('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
    const positions = await readPosition(knex, server);
    return {
      positions: positions.map((position) => ({ ...position, exact: true })),
      async joined({ ended }) {
        dumped = ended;
        const over = new AbortController();
        const signal = AbortSignal.any([over.signal, lock.expired]);
        try {
          await Promise.race([ended, seeDump(knex, { database, known, signal })]);
        } catch (error) {
          await lock.release().catch(() => {});
          throw error;
        } finally {
          over.abort();
        }
        await lock.release();
      },
      async measure() {
        const measures = await measure(inside, true);
        const succeeded =
          outside.length > 0 &&
          (await dumped.then(
            () => true,
            () => false,
          ));
        return succeeded ? [...measures, ...unchanged(before, await measure(outside, true))] : measures;
      },
      async close() {
        await lock.release().catch(() => {});
        // The server would count on for nobody.
        if (counts > 0) await kill(request, counting).catch(() => {});
        else await counting.ask('ROLLBACK').catch(() => {});
        await closeSessions();
      },
    };
  } catch (error) {
    await lock.release().catch(() => {});
    throw error;
  }
}

async function kill({ withOwnSession }: SnapshotRequest, session: PinnedSession): Promise<void> {
  await withOwnSession(async (own) => {
    await rows(own, `KILL ${session.id}`);
  });
}

function unchanged(before: readonly TableMeasure[], after: readonly TableMeasure[]): TableMeasure[] {
  const known = new Set(before.map((measure) => JSON.stringify(measure)));
  return after.filter((measure) => known.has(JSON.stringify(measure)));
}
