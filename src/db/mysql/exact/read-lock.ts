import { setTimeout as sleep } from 'node:timers/promises';
import { NoSharedMoment } from '../../snapshot.ts';
import { type HoldRequest, grantToHold, type Refusal, type Way, waysToHold } from './hold-ways.ts';
import { DENIED, sqlMessage } from '../query.ts';
import type { PinnedSession } from '../session.ts';

/** The longest that writers are ever held, in milliseconds from the moment that the lock is there. */
export const LONGEST_HOLD_MS = 10_000;

/** How much later the server ends the lock by itself, in seconds. */
const IDLE_GRACE_SECONDS = 2;

/** The longest that one attempt waits for the lock, in seconds: new writers may queue behind it. */
const LONGEST_WAIT_SECONDS = 2;

/** Between two attempts those who queued go on. */
const PAUSE_MS = 1_000;

/** The lock was not had in time, or another session's transaction was in the way of it. */
const BUSY = new Set([1205, 1213]);

/** Keeps writers from committing to a database, until it is released or has been held for LONGEST_HOLD_MS. */
export interface ReadLock {
  /** Fires when it has been held for too long, and was released. */
  expired: AbortSignal;
  /**
   * @throws NoSharedMoment when it had not been held all the time: what was begun under it may be two moments
   */
  release(): Promise<void>;
}

/**
 * Holds writers in the kindest way that the account and the server allow.
 *
 * @throws NoSharedMoment `privileges` with the grant that helps, or `failed` when others hold what is needed
 */
export async function takeReadLock(session: PinnedSession, request: HoldRequest): Promise<ReadLock> {
  // Nothing that anybody could write to.
  if (request.tables.length === 0) return { expired: new AbortController().signal, release: async () => {} };
  const seconds = Math.max(1, Math.min(LONGEST_WAIT_SECONDS, Math.round(request.lockWaitSeconds)));
  // The server ends an idle session, and its lock: that holds even while vya is stopped or cut off.
  const idle = Math.ceil(LONGEST_HOLD_MS / 1000) + IDLE_GRACE_SECONDS;
  await session.ask(`SET SESSION lock_wait_timeout = ${seconds}, wait_timeout = ${idle}`);
  const refusals: Refusal[] = [];
  for (const way of waysToHold(request)) {
    const refusal = (await way.against?.()) ?? (await attempt(session, way));
    if (refusal === undefined) return held(session, way);
    refusals.push(refusal);
  }
  throw notLocked(request, refusals);
}

/** Undefined once the lock is there, otherwise the server's last refusal. */
async function attempt(session: PinnedSession, way: Way): Promise<Refusal | undefined> {
  for (let turn = 1; ; turn += 1) {
    try {
      for (const statement of way.take) await session.ask(statement);
      return undefined;
    } catch (error) {
      const { errno, fatal } = error as { errno?: unknown; fatal?: boolean };
      if (typeof errno !== 'number' || fatal) throw error;
      // Of two steps the first may have been taken.
      if (way.take.length > 1) await session.ask(way.release).catch(() => {});
      if (!BUSY.has(errno) || turn === way.attempts) {
        return { denied: DENIED.has(errno), said: sqlMessage(error as Error), cause: error };
      }
      await sleep(PAUSE_MS);
    }
  }
}

function held(session: PinnedSession, way: Way): ReadLock {
  let released: Promise<void> | undefined;
  const expiry = new AbortController();
  const unlock = () =>
    (released ??= (async () => {
      await session.ask(way.release);
      await session.ask('SET SESSION wait_timeout = 28800');
    })());
  const timer = setTimeout(() => {
    expiry.abort();
    unlock().catch(() => {});
  }, LONGEST_HOLD_MS);
  return {
    expired: expiry.signal,
    async release() {
      clearTimeout(timer);
      try {
        await unlock();
      } catch (error) {
        throw new NoSharedMoment(
          'failed',
          'The session that kept writers waiting was lost before the dump was seen to begin',
          { hint: 'Run again.', cause: error },
        );
      }
      if (!expiry.signal.aborted) return;
      throw new NoSharedMoment(
        'failed',
        `The dump was not seen to begin within ${LONGEST_HOLD_MS / 1000} seconds, for which writers were kept waiting`,
        { hint: 'Run again when the server has less to do.' },
      );
    },
  };
}

function notLocked({ server, database }: HoldRequest, refusals: readonly Refusal[]): NoSharedMoment {
  const denied = refusals.filter((refusal) => refusal.denied);
  const cause = refusals.at(-1)?.cause;
  const grant = `an administrator run: ${grantToHold(server, database)}`;
  if (denied.length === refusals.length) {
    return new NoSharedMoment(
      'privileges',
      `${database}: ${server.account} may not hold writers for the moment in which several sessions begin to read`,
      { hint: `Let ${grant}`, cause },
    );
  }
  const said = refusals.map((refusal) => refusal.said).join('; ');
  const other = denied.length > 0 ? `let ${grant}` : 'back up without exact counts.';
  return new NoSharedMoment(
    'failed',
    `${database}: writers could not be held for the moment in which several sessions begin to read: ${said}`,
    { hint: `Run again when long queries and transactions have ended, or ${other}`, cause },
  );
}
