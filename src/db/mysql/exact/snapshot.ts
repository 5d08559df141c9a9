import type { Inventory } from '../../../model/inventory.ts';
import type { Snapshot, TableMeasure } from '../../snapshot.ts';
import { type Counting, type CountingRequest, openCounting } from './counting.ts';
import { listSessions, seeDumps } from './dump-watch.ts';
import { readTransactional } from './engines.ts';
import { readPosition } from '../position.ts';
import { type ReadLock, takeReadLock } from './read-lock.ts';
import { pinSession } from '../session.ts';

/** How often a lock on tables is tried for where exact counts were asked for; a dump in one stream needs none. */
const ATTEMPTS = 3;

/** `knex` is a pool of three sessions that is the snapshot's own; closing it destroys it. */
export interface SnapshotRequest extends CountingRequest {
  lockWaitSeconds: number;
  inventory: Inventory;
  /** Begin a transaction of vya's own in the same moment, for exact counts. */
  measured: boolean;
  /** Whether another dump of vya's own reads from this server. */
  isReading: () => boolean;
  /** Called once it is closed. */
  closed: () => void;
}

/**
 * Holds writers until `joined` has seen that every program of the dump has begun its transaction, so that all of them read from one
 * moment (F47), and so does one of vya's own that counts, where that is wanted. Two sessions, because a lock on tables and a
 * transaction end each other. The position belongs to that moment: behind locked tables alone, for what happens to this database.
 *
 * Tables without transactions have no such moment. They are measured before the dump begins and after it has ended, and left out
 * of what `measure` returns when that differs (F5), when the dump has failed, or when none has joined.
 *
 * @throws NoSharedMoment where writers cannot be held
 */
export async function openSnapshot(request: SnapshotRequest): Promise<Snapshot> {
  const { knex, database, inventory, measured } = request;
  const ends: (() => Promise<unknown>)[] = [async () => request.closed(), () => knex.destroy()];
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= endAll(ends.toReversed()));
  try {
    const counts = measured ? await prepareCounts(request) : undefined;
    if (counts) ends.push(counts.counting.end);
    const locking = await pinSession(knex);
    ends.push(locking.release);
    const known = await listSessions(knex);
    const attempts = measured ? ATTEMPTS : 1;
    const lock = await takeReadLock(locking, { ...request, attempts, tables: inventory.tables });
    ends.push(lock.release);
    await counts?.counting.beginSnapshot();
    const positions = await readPosition(knex, request.server);

    let dumped: Promise<unknown> | undefined;
    return {
      positions: positions.map((position) => ({ ...position, exact: true })),
      joined(dumps) {
        dumped = Promise.all(dumps.map(({ ended }) => ended));
        dumped.catch(() => {});
        return join(lock, (signal) => seeDumps(knex, { database, known, dumps }, signal));
      },
      measure: async () => (counts ? await counts.measure(dumped) : []),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Counts {
  counting: Counting;
  /** Measures within the snapshot, and outside of it once the dump has succeeded. */
  measure(dumped: Promise<unknown> | undefined): Promise<TableMeasure[]>;
}

/** Measures the tables without transactions for the first time, while nothing is held yet. */
async function prepareCounts(request: SnapshotRequest): Promise<Counts> {
  const { knex, inventory } = request;
  const counting = await openCounting(request);
  try {
    const isTransactional = await readTransactional(knex);
    const outside = inventory.tables.filter((table) => !isTransactional(table));
    const before = await counting.measure(outside);
    return {
      counting,
      async measure(dumped) {
        const inside = await counting.measure(inventory.tables.filter(isTransactional));
        await counting.endSnapshot();
        if (outside.length === 0 || !(await succeeds(dumped))) return inside;
        return [...inside, ...unchanged(before, await counting.measure(outside))];
      },
    };
  } catch (error) {
    await counting.end().catch(() => {});
    throw error;
  }
}

/** Lets writers go on once every dump has ended or is seen, or when they have been held for too long. */
async function join(lock: ReadLock, see: (signal: AbortSignal) => Promise<void>): Promise<void> {
  try {
    await see(lock.expired);
  } catch (error) {
    await lock.release().catch(() => {});
    throw error;
  }
  await lock.release();
}

/** Whether there is a dump, and it ends with success. */
async function succeeds(dumped: Promise<unknown> | undefined): Promise<boolean> {
  if (!dumped) return false;
  return await dumped.then(
    () => true,
    () => false,
  );
}

function unchanged(before: readonly TableMeasure[], after: readonly TableMeasure[]): TableMeasure[] {
  const known = new Set(before.map((measure) => JSON.stringify(measure)));
  return after.filter((measure) => known.has(JSON.stringify(measure)));
}

/** All of them, in this order, whatever becomes of one: what is lost has ended as well. */
async function endAll(ends: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const end of ends) await end().catch(() => {});
}
