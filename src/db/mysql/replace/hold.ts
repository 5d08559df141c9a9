import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { VyaError } from '../../../errors.ts';
import type { InstanceTarget } from '../../../model/instance.ts';
import { parseScratchName } from '../../../model/scratch-names.ts';
import { quoteText } from '../names.ts';
import { attempt, rows } from '../query.ts';
import { openLasting } from '../open-session.ts';

/** Often enough for firewalls that forget quiet connections after minutes. */
const PING_MS = 60_000;

/** Seconds in which a server is expected to notice that a session has lost its client. */
const NOTICE_SECONDS = 30;

/**
 * A scratch database that belongs to this run. The session holds a named lock of the server, which the server frees when the
 * session ends, however it ends: a scratch database whose lock can be had belongs to nobody any more. All that a replacement
 * changes is changed in this session, so that whoever loses the lock can change nothing more.
 */
export interface Hold {
  knex: Knex;
  /** Takes one more lock in the session. False: another session has it. */
  take(lock: string, waitSeconds: number): Promise<boolean>;
  giveBack(lock: string): Promise<void>;
  isAlive(): Promise<boolean>;
  release(): Promise<void>;
}

/** The lock of the run that made a scratch database, and of what else that run has made. */
export function runLock(scratch: string): string {
  return lockName('run', parseScratchName(scratch)?.mark ?? scratch);
}

/** The lock of replacing one database: two restores of one name exclude each other. */
export function targetLock(database: string): string {
  return lockName('swap', database);
}

/** Held by a client program while it makes objects in a database that is being replaced. */
export function loaderLock(database: string): string {
  return lockName('load', database);
}

/** Lock names have at most 64 characters. */
function lockName(what: string, of: string): string {
  return `vya_${what}_${createHash('sha256').update(of).digest('hex').slice(0, 32)}`;
}

/** Opens a session for locks. Throws VyaError `connection`. */
export async function openHold(target: InstanceTarget): Promise<Hold> {
  const { knex } = await openLasting(target);
  const timer = setInterval(() => void knex.raw('DO 1').catch(() => {}), PING_MS);
  timer.unref();
  return {
    knex,
    take: async (lock, seconds) => {
      const [row] = await rows<{ got: unknown }>(
        knex,
        `SELECT GET_LOCK(${quoteText(lock)}, ${seconds}) AS got`,
      );
      return Number(row?.got) === 1;
    },
    giveBack: async (lock) => void (await rows(knex, `SELECT RELEASE_LOCK(${quoteText(lock)})`)),
    isAlive: () =>
      knex.raw('DO 1').then(
        () => true,
        () => false,
      ),
    async release() {
      clearInterval(timer);
      await knex.destroy();
    },
  };
}

/** Opens a session with the run lock of `scratch`, or answers undefined when another session has it. */
export async function tryHold(
  target: InstanceTarget,
  scratch: string,
  waitSeconds: number,
): Promise<Hold | undefined> {
  const hold = await openHold(target);
  try {
    if (await hold.take(runLock(scratch), waitSeconds)) return hold;
  } catch (error) {
    await hold.release();
    throw error;
  }
  await hold.release();
  return undefined;
}

/** Whether nobody has the run lock of `scratch`; true where the server does not say. */
export async function isAbandoned(knex: Knex, scratch: string): Promise<boolean> {
  const found = await attempt(() =>
    rows<{ free: unknown }>(knex, `SELECT IS_FREE_LOCK(${quoteText(runLock(scratch))}) AS free`),
  );
  return Number(found?.[0]?.free ?? 1) === 1;
}

/** The holds of one adapter, by the names of the scratch databases. */
export interface Holds {
  /** This run's own, taken anew where it has none or its session was lost. Throws VyaError `locked` or `connection`. */
  of(scratch: string): Promise<Hold>;
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
    async of(scratch) {
      const known = held.get(scratch);
      if (known && (await known.isAlive())) return known;
      await release(scratch);
      const hold = await tryHold(target, scratch, NOTICE_SECONDS);
      if (!hold) {
        throw new VyaError('locked', `${target.id}: another run has taken ${scratch} over`, {
          hint: 'It finishes what this one has begun. Wait for it, then look with vya check.',
        });
      }
      held.set(scratch, hold);
      return hold;
    },
    release,
    async releaseAll() {
      for (const scratch of held.keys()) await release(scratch);
    },
  };
}
