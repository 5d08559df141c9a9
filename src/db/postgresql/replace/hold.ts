import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { VyaError } from '../../../errors.ts';
import type { InstanceTarget } from '../../../model/instance.ts';
import { parseScratchName } from '../../../model/scratch-names.ts';
import { type Database, openMaintenance, type Query } from '../session.ts';

/** Often enough for firewalls that forget quiet connections after minutes. */
const PING_MS = 60_000;

/** Half seconds in which a server is expected to notice that a session has lost its client. */
const NOTICE_TRIES = 60;

/** Advisory locks have a pair of numbers for a name; the first says that they are vya's. */
const VYA = 0x767961;

/**
 * A scratch database that belongs to this run. The session holds an advisory lock, which the server frees when the session
 * ends, however it ends. Advisory locks belong to the database that the session is in, which differs between runs: whoever
 * wants one looks through those of the whole server besides.
 */
export interface Hold {
  database: Database;
  release(): Promise<void>;
}

/** The lock of the run that made a scratch database, and of what else that run has made. */
export function runLock(scratch: string): number {
  return lockNumber(`run ${parseScratchName(scratch)?.mark ?? scratch}`);
}

/** The lock of replacing one database: two restores of one name exclude each other. */
export function targetLock(name: string): number {
  return lockNumber(`swap ${name}`);
}

function lockNumber(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE() >>> 1;
}

/** Whether no session on the server but those of `own` has the lock. */
export async function isFree(query: Query, lock: number, own: readonly number[] = []): Promise<boolean> {
  const holders = await query(
    `SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND objid = $2 AND objsubid = 2
        AND granted AND pid <> ALL ($3)`,
    [VYA, lock, own],
  );
  return holders.length === 0;
}

/** Takes a lock in the session of `database`. False: another session of the server has it, `own` ones excepted. */
export async function take(database: Database, lock: number, own: readonly number[] = []): Promise<boolean> {
  const [row] = await database.query<{ got: boolean; pid: number }>(
    'SELECT pg_try_advisory_lock($1, $2) AS got, pg_backend_pid() AS pid',
    [VYA, lock],
  );
  if (!row?.got) return false;
  if (await isFree(database.query, lock, [row.pid, ...own])) return true;
  await giveBack(database, lock);
  return false;
}

export async function giveBack(database: Database, lock: number): Promise<void> {
  await database.query('SELECT pg_advisory_unlock($1, $2)', [VYA, lock]);
}

/**
 * Opens a session with the run lock of `scratch` in another database than `except`, or answers undefined when another session
 * has the lock.
 */
export async function tryHold(
  target: InstanceTarget,
  scratch: string,
  except?: string,
  own: readonly number[] = [],
): Promise<Hold | undefined> {
  const database = await openMaintenance(target, new AbortController().signal, { except, single: true });
  const timer = setInterval(() => void database.query('SELECT 1').catch(() => {}), PING_MS);
  timer.unref();
  const release = async (): Promise<void> => {
    clearInterval(timer);
    await database.close();
  };
  try {
    if (await take(database, runLock(scratch), own)) return { database, release };
  } catch (error) {
    await release();
    throw error;
  }
  await release();
  return undefined;
}

/** The holds of one adapter, by the names of the scratch databases. */
export interface Holds {
  /**
   * This run's own, in another database than `except`, taken anew where it has none or its session was lost. Throws VyaError
   * `locked` or `connection`.
   */
  of(scratch: string, except?: string): Promise<Hold>;
  release(scratch: string): Promise<void>;
  releaseAll(): Promise<void>;
}

export function createHolds(target: InstanceTarget): Holds {
  const held = new Map<string, Hold>();
  const release = async (scratch: string): Promise<void> => {
    const hold = held.get(scratch);
    held.delete(scratch);
    await hold?.release();
  };
  return {
    async of(scratch, except) {
      const known = held.get(scratch);
      const pid = known && (await backendOf(known.database));
      if (known && pid !== undefined && known.database.name !== except) return known;
      if (pid === undefined) await release(scratch);
      const hold = await regain(target, scratch, except, pid === undefined ? [] : [pid]);
      await release(scratch);
      held.set(scratch, hold);
      return hold;
    },
    release,
    async releaseAll() {
      for (const scratch of held.keys()) await release(scratch);
    },
  };
}

async function regain(
  target: InstanceTarget,
  scratch: string,
  except: string | undefined,
  own: readonly number[],
): Promise<Hold> {
  for (let attempt = 1; attempt <= NOTICE_TRIES; attempt += 1) {
    const hold = await tryHold(target, scratch, except, own);
    if (hold) return hold;
    await sleep(500);
  }
  throw new VyaError('locked', `${target.id}: another run has taken ${scratch} over`, {
    hint: 'It finishes what this one has begun. Wait for it, then look with vya check.',
  });
}

/** The number of the session's process, or undefined when it is lost. */
async function backendOf({ query }: Database): Promise<number | undefined> {
  try {
    return (await query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))[0]?.pid;
  } catch {
    return undefined;
  }
}
