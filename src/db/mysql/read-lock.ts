import { setTimeout as sleep } from 'node:timers/promises';
import { VyaError } from '../../errors.ts';
import type { TableEntry } from '../../model/inventory.ts';
import type { ServerInfo } from '../adapter.ts';
import { escapePattern } from './dump-findings.ts';
import { atLeast } from './finding.ts';
import { qualified, quoteName } from './names.ts';
import { DENIED, sqlMessage } from './query.ts';
import type { PinnedSession } from './session.ts';

/** The longest that writers are ever held, in milliseconds from the moment that the lock is there. */
export const LONGEST_HOLD_MS = 10_000;

/** The longest that one attempt waits for the lock, in seconds: new writers may queue behind it. */
const LONGEST_WAIT_SECONDS = 2;

/** How often each way is tried, with a pause in which those who queued go on. */
const ATTEMPTS = 3;
const PAUSE_MS = 1_000;

const LOCK_WAIT_TIMEOUT = 1205;

/** Keeps writers from committing to a database, until it is released or has been held for LONGEST_HOLD_MS. */
export interface ReadLock {
  /** Fires when it has been held for too long, and was released. */
  expired: AbortSignal;
  /**
   * @throws VyaError `failed` when it had not been held all the time: what was begun under it may be two moments
   */
  release(): Promise<void>;
}

interface Way {
  take: readonly string[];
  release: string;
}

/**
 * Takes the lightest lock that the account and the server allow. Writers of MariaDB wait at their commit alone (`BACKUP STAGE`), as
 * they do on MySQL behind FLUSH TABLES WITH READ LOCK, which also waits for running queries. Without the privilege for these, or
 * when they are not to be had, the tables of the database are locked.
 *
 * @throws VyaError `privileges` with the grant that helps, or `failed` when others hold what is needed
 */
export async function takeReadLock(
  session: PinnedSession,
  {
    server,
    lockWaitSeconds,
    database,
    tables,
  }: {
    server: ServerInfo;
    lockWaitSeconds: number;
    database: string;
    tables: readonly Pick<TableEntry, 'name'>[];
  },
): Promise<ReadLock> {
  // Nothing that anybody could write to.
  if (tables.length === 0) return { expired: new AbortController().signal, release: async () => {} };
  const seconds = Math.max(1, Math.min(LONGEST_WAIT_SECONDS, Math.round(lockWaitSeconds)));
  await session.ask(`SET SESSION lock_wait_timeout = ${seconds}`);
  const refusals: unknown[] = [];
  for (const way of waysOf(server, database, tables)) {
    const refusal = await attempts(session, way);
    if (refusal === undefined) return held(session, way);
    refusals.push(refusal);
  }
  throw notLocked(server, database, refusals);
}

function waysOf(server: ServerInfo, database: string, tables: readonly Pick<TableEntry, 'name'>[]): Way[] {
  const names = tables.map(({ name }) => `${qualified(database, name)} READ`);
  const whole: Way =
    server.flavour === 'mariadb' && atLeast(server, 10, 4)
      ? { take: ['BACKUP STAGE START', 'BACKUP STAGE BLOCK_COMMIT'], release: 'BACKUP STAGE END' }
      : { take: ['FLUSH TABLES WITH READ LOCK'], release: 'UNLOCK TABLES' };
  return [whole, { take: [`LOCK TABLES ${names.join(', ')}`], release: 'UNLOCK TABLES' }];
}

/** Undefined once the lock is there, otherwise the server's last refusal. */
async function attempts(session: PinnedSession, way: Way): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      for (const statement of way.take) await session.ask(statement);
      return undefined;
    } catch (error) {
      const { errno, fatal } = error as { errno?: unknown; fatal?: boolean };
      if (typeof errno !== 'number' || fatal) throw error;
      // Of two steps the first may have been taken.
      if (way.take.length > 1) await session.ask(way.release).catch(() => {});
      if (errno !== LOCK_WAIT_TIMEOUT || attempt === ATTEMPTS) return error;
      await sleep(PAUSE_MS);
    }
  }
}

function held(session: PinnedSession, way: Way): ReadLock {
  let released: Promise<void> | undefined;
  const expiry = new AbortController();
  const unlock = () => (released ??= session.ask(way.release).then(() => undefined));
  const timer = setTimeout(() => {
    expiry.abort();
    unlock().catch(() => {});
  }, LONGEST_HOLD_MS);
  return {
    expired: expiry.signal,
    async release() {
      clearTimeout(timer);
      await unlock();
      if (!expiry.signal.aborted) return;
      throw new VyaError(
        'failed',
        `The dump was not seen to begin within ${LONGEST_HOLD_MS / 1000} seconds, for which writers were kept waiting`,
        { hint: 'Run again when the server has less to do.' },
      );
    },
  };
}

function notLocked(server: ServerInfo, database: string, refusals: readonly unknown[]): VyaError {
  const denied = refusals.every((refusal) => DENIED.has((refusal as { errno: number }).errno));
  const said = refusals.map((refusal) => sqlMessage(refusal as Error)).join('; ');
  if (denied) {
    return new VyaError(
      'privileges',
      `${database}: ${server.account} may not hold writers while a dump and exact counts begin at one moment`,
      { hint: grantHint(server, database), cause: refusals.at(-1) },
    );
  }
  return new VyaError(
    'failed',
    `${database}: writers could not be held for the moment in which a dump and exact counts begin: ${said}`,
    {
      hint: 'Run again when long queries and transactions have ended, or back up without exact counts.',
      cause: refusals.at(-1),
    },
  );
}

/** The privilege for the whole server is the kinder one: behind locked tables, transactions can end in a deadlock's error. */
function grantHint(server: ServerInfo, database: string): string {
  const privilege = server.flavour === 'mysql' && atLeast(server, 8, 1) ? 'FLUSH_TABLES' : 'RELOAD';
  const tables = `GRANT LOCK TABLES ON ${quoteName(escapePattern(database))}.* TO ${server.account};`;
  return `Let an administrator run: GRANT ${privilege} ON *.* TO ${server.account}; On a managed service that refuses that: ${tables}`;
}
