import type { Command } from '../../../exec/command.ts';
import type { Inventory } from '../../../model/inventory.ts';
import type { Snapshot, TableMeasure } from '../../snapshot.ts';
import { type CountingRequest, openCounting } from './counting.ts';
import { listSessions, seeDump } from './dump-watch.ts';
import { readTransactional } from './engines.ts';
import { readPosition } from '../position.ts';
import { type ReadLock, takeReadLock } from './read-lock.ts';
import { pinSession } from '../session.ts';

/** `knex` is a pool of three sessions that is the snapshot's own; closing it destroys it. */
export interface SnapshotRequest extends CountingRequest {
  lockWaitSeconds: number;
  inventory: Inventory;
  /** The commands that dump the tables, once the dump is planned. */
  commands(): readonly Command[];
}

/**
 * Holds writers, begins a transaction of vya's own, and keeps holding until `joined` has seen that the dump has begun its own:
 * both then read from one moment (F47). Two sessions, because a lock on tables and a transaction end each other. The position
 * belongs to that moment: behind locked tables alone, for what happens to this database.
 *
 * Tables without transactions have no such moment. They are measured before the dump begins and after it has ended, and left out
 * of what `measure` returns when that differs (F5), when the dump has failed, or when none has joined.
 *
 * @throws VyaError `privileges` or `failed` where writers cannot be held
 */
export async function openSnapshot(request: SnapshotRequest): Promise<Snapshot> {
  const { knex, database, inventory } = request;
  const ends: (() => Promise<unknown>)[] = [() => knex.destroy()];
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= endAll(ends.toReversed()));
  try {
    const counting = await openCounting(request);
    ends.push(counting.end);
    const isTransactional = await readTransactional(knex);
    const outside = inventory.tables.filter((table) => !isTransactional(table));
    const before = await counting.measure(outside);

    const locking = await pinSession(knex);
    ends.push(locking.release);
    const known = await listSessions(knex);
    const lock = await takeReadLock(locking, { ...request, tables: inventory.tables });
    ends.push(lock.release);
    await counting.beginSnapshot();
    const positions = await readPosition(knex, request.server);

    let dumped: Promise<unknown> | undefined;
    return {
      positions: positions.map((position) => ({ ...position, exact: true })),
      joined({ ended }) {
        dumped = ended;
        const dump = { database, known, commands: request.commands() };
        return join(lock, ended, (signal) => seeDump(knex, dump, signal));
      },
      async measure() {
        const inside = await counting.measure(inventory.tables.filter(isTransactional));
        await counting.endSnapshot();
        if (outside.length === 0 || !(await succeeds(dumped))) return inside;
        return [...inside, ...unchanged(before, await counting.measure(outside))];
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Lets writers go on once the dump has ended or is seen, whichever comes first, or when they have been held for too long. */
async function join(
  lock: ReadLock,
  ended: Promise<unknown>,
  see: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const over = new AbortController();
  try {
    await Promise.race([ended, see(AbortSignal.any([over.signal, lock.expired]))]);
  } catch (error) {
    await lock.release().catch(() => {});
    throw error;
  } finally {
    over.abort();
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
