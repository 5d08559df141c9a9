import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { VyaError } from '../../errors.ts';
import type { TableEntry } from '../../model/inventory.ts';
import type { ServerInfo } from '../adapter.ts';
import { escapePattern } from './dump-findings.ts';
import { atLeast } from './finding.ts';
import { readGrants } from './grants.ts';
import { qualified, quoteName } from './names.ts';
import { DENIED, rows, sqlMessage } from './query.ts';
import type { PinnedSession } from './session.ts';

/** The longest that writers are ever held, in milliseconds from the moment that the lock is there. */
export const LONGEST_HOLD_MS = 10_000;

/** How much later the server ends the lock by itself, in seconds. */
const IDLE_GRACE_SECONDS = 2;

/** The longest that one attempt waits for the lock, in seconds: new writers may queue behind it. */
const LONGEST_WAIT_SECONDS = 2;

/** How often a lock is tried for, with a pause in which those who queued go on. */
const ATTEMPTS = 3;
const PAUSE_MS = 1_000;

/** The lock was not had in time, or another session's transaction was in the way of it. */
const BUSY = new Set([1205, 1213]);

/** Keeps writers from committing to a database, until it is released or has been held for LONGEST_HOLD_MS. */
export interface ReadLock {
  /** Fires when it has been held for too long, and was released. */
  expired: AbortSignal;
  /**
   * @throws VyaError `failed` when it had not been held all the time: what was begun under it may be two moments
   */
  release(): Promise<void>;
}

export interface ReadLockRequest {
  knex: Knex;
  server: ServerInfo;
  lockWaitSeconds: number;
  database: string;
  tables: readonly Pick<TableEntry, 'name'>[];
}

/** One way to hold writers. */
interface Way {
  take: readonly string[];
  release: string;
  attempts: number;
  /** Why this way is not gone now, although the account might be allowed to. */
  against?: () => Promise<Refusal | undefined>;
}

interface Refusal {
  /** A grant would help. */
  denied: boolean;
  said: string;
  cause?: unknown;
}

/**
 * Holds writers in the kindest way that the account and the server allow:
 *
 * - MariaDB: `BACKUP STAGE`. They wait at their commit, long queries are in nobody's way.
 * - MySQL: `FLUSH TABLES WITH READ LOCK`, only while no query runs for long: it waits for such a query, and once it has given up, all
 *   that read the same table wait for the query as well.
 * - Both: a lock on the database's tables. A transaction that has written to one and wants the next may be rolled back as a deadlock.
 *
 * @throws VyaError `privileges` with the grant that helps, or `failed` when others hold what is needed
 */
export async function takeReadLock(session: PinnedSession, request: ReadLockRequest): Promise<ReadLock> {
  // Nothing that anybody could write to.
  if (request.tables.length === 0) return { expired: new AbortController().signal, release: async () => {} };
  const seconds = Math.max(1, Math.min(LONGEST_WAIT_SECONDS, Math.round(request.lockWaitSeconds)));
  // The server ends an idle session, and its lock: that holds even while vya is stopped or cut off.
  const idle = Math.ceil(LONGEST_HOLD_MS / 1000) + IDLE_GRACE_SECONDS;
  await session.ask(`SET SESSION lock_wait_timeout = ${seconds}, wait_timeout = ${idle}`);
  const refusals: Refusal[] = [];
  for (const way of waysOf(request)) {
    const refusal = (await way.against?.()) ?? (await attempt(session, way));
    if (refusal === undefined) return held(session, way);
    refusals.push(refusal);
  }
  throw notLocked(request, refusals);
}

function waysOf({ knex, server, database, tables }: ReadLockRequest): Way[] {
  const names = tables.map(({ name }) => `${qualified(database, name)} READ`);
  const onTables: Way = {
    take: [`LOCK TABLES ${names.join(', ')}`],
    release: 'UNLOCK TABLES',
    attempts: ATTEMPTS,
  };
  if (server.flavour === 'mariadb' && atLeast(server, 10, 5)) {
    const take = ['BACKUP STAGE START', 'BACKUP STAGE BLOCK_COMMIT'];
    return [{ take, release: 'BACKUP STAGE END', attempts: ATTEMPTS }, onTables];
  }
  const take = ['FLUSH TABLES WITH READ LOCK'];
  return [{ take, release: 'UNLOCK TABLES', attempts: 1, against: () => longQueries(knex) }, onTables];
}

/** Whether a query has been running for a second or more, or the account cannot know. */
async function longQueries(knex: Knex): Promise<Refusal | undefined> {
  const grants = await readGrants(knex);
  if (!grants.globally('PROCESS')) {
    return { denied: true, said: 'without PROCESS the account cannot know whether long queries are running' };
  }
  const sessions = await rows<{ Command: string; User: string; Time: number | string }>(
    knex,
    'SHOW PROCESSLIST',
  );
  const long = sessions.some(
    ({ Command, User, Time }) =>
      (Command === 'Query' || Command === 'Execute') && User !== 'system user' && Number(Time) >= 1,
  );
  return long ? { denied: false, said: 'long queries are running' } : undefined;
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
        throw new VyaError(
          'failed',
          'The session that kept writers waiting was lost before the dump was seen to begin',
          { hint: 'Run again.', cause: error },
        );
      }
      if (!expiry.signal.aborted) return;
      throw new VyaError(
        'failed',
        `The dump was not seen to begin within ${LONGEST_HOLD_MS / 1000} seconds, for which writers were kept waiting`,
        { hint: 'Run again when the server has less to do.' },
      );
    },
  };
}

function notLocked({ server, database }: ReadLockRequest, refusals: readonly Refusal[]): VyaError {
  const said = refusals.map((refusal) => refusal.said).join('; ');
  const cause = refusals.at(-1)?.cause;
  if (refusals.every(({ denied }) => denied)) {
    return new VyaError(
      'privileges',
      `${database}: ${server.account} may not hold writers while a dump and exact counts begin at one moment`,
      { hint: `Let an administrator run: ${grantFor(server, database)}`, cause },
    );
  }
  return new VyaError(
    'failed',
    `${database}: writers could not be held for the moment in which a dump and exact counts begin: ${said}`,
    {
      hint: `Run again when long queries and transactions have ended, or back up without exact counts.`,
      cause,
    },
  );
}

/** What makes the kindest way possible that needs one privilege. */
function grantFor(server: ServerInfo, database: string): string {
  const place =
    server.flavour === 'mariadb' ? 'RELOAD ON *.*' : `LOCK TABLES ON ${quoteName(escapePattern(database))}.*`;
  return `GRANT ${place} TO ${server.account};`;
}
