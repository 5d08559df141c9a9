import { setTimeout as sleep } from 'node:timers/promises';
import { VyaError } from '../../../errors.ts';
import type { MeasuredTable } from './measured-tables.ts';
import type { Query } from '../session.ts';

/** Milliseconds between two looks: at first, and when the dump takes its time. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 2_000;

/** What a dump's sessions call themselves, so that they are found among others. At most 63 bytes. */
export function applicationName(snapshot: string): string {
  return `vya ${snapshot}`;
}

export interface WatchedDump {
  /** The snapshot's name, and the session that holds it. */
  name: string;
  pid: number;
  tables: readonly MeasuredTable[];
  ended: Promise<unknown>;
}

/**
 * Waits until a dump holds its own locks. Whoever asks for an exclusive lock after the snapshot's and before the dump's waits for the
 * first and makes the second wait: the server sees no deadlock in that, and it would stand until somebody's time is up.
 *
 * @throws VyaError `failed` naming who came between
 */
export async function watchDump(ask: Query, { name, pid, tables, ended }: WatchedDump): Promise<void> {
  const over = ended.then(
    () => true,
    () => true,
  );
  const oids = tables.filter(({ ofExtension }) => !ofExtension).map(({ oid }) => oid);
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE)) {
    if (await Promise.race([over, sleep(pause, false)])) return;
    const { joined, between } = await look(ask, name, pid, oids);
    if (between !== null) throw cameBetween(between);
    if (joined) return;
  }
}

interface Look {
  /** The dump holds a lock on every table. */
  joined: boolean;
  /** A session for which the dump waits, and which waits for the snapshot. */
  between: number | null;
}

async function look(ask: Query, name: string, holder: number, oids: readonly number[]): Promise<Look> {
  const [seen] = await ask<Look>(
    `SELECT coalesce(bool_or(locks.held >= cardinality($3::oid[])), false) AS joined, min(blocker.pid) AS between
       FROM pg_stat_activity a
      CROSS JOIN LATERAL (SELECT count(*) AS held FROM pg_locks l
                           WHERE l.pid = a.pid AND l.locktype = 'relation' AND l.granted AND l.relation = ANY ($3::oid[])) AS locks
       LEFT JOIN LATERAL (SELECT b AS pid FROM unnest(pg_blocking_pids(a.pid)) AS b WHERE $2 = ANY (pg_blocking_pids(b))) AS blocker ON true
      WHERE a.application_name = $1`,
    [applicationName(name), holder, oids],
  );
  return seen ?? { joined: false, between: null };
}

/** The beginning of the message, by which the failure is known. */
const CAME_BETWEEN = 'A table was asked for exclusively while the dump began';

function cameBetween(session: number): VyaError {
  return new VyaError('failed', `${CAME_BETWEEN} (session ${session})`, {
    hint: 'Run again when nothing truncates or alters tables; pg_stat_activity shows who that session is.',
  });
}

/** pg_dump's parallel jobs do not wait behind an exclusive request (F48). */
const NO_LOCK_FOR_JOB = /could not obtain lock on relation/;

/** Whether a dump failed because of somebody's exclusive lock: with one job, and another snapshot, it may succeed. */
export function failedByLock({ message }: Error): boolean {
  return message.startsWith(CAME_BETWEEN) || NO_LOCK_FOR_JOB.test(message);
}
