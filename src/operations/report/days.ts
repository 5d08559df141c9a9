import { dayIn } from '../../retention/calendar.ts';
import type { Decision } from '../../retention/gfs.ts';
import type { BackupEntry } from '../../storage/backup-entry.ts';

/**
 * What a day has to show: the longest-lived rule that keeps a backup of it, `kept` where it stays for another reason, `damaged` where
 * what is stored is no whole backup, `gone` where one was made and retention has deleted it since, `failed`, `missed` where none was
 * even tried, and `none` outside of the record.
 */
export type DayMark =
  | 'yearly'
  | 'monthly'
  | 'weekly'
  | 'daily'
  | 'hourly'
  | 'kept'
  | 'damaged'
  | 'gone'
  | 'failed'
  | 'missed'
  | 'none';

/** A backup that is stored. */
export interface StoredBackup {
  entry: BackupEntry;
  decision: Decision;
  /** It is complete, and has all its files. */
  isWhole: boolean;
}

export interface Day {
  /** `2026-01-09` */
  date: string;
  mark: DayMark;
  /** Of the backups that are stored. */
  pinned: boolean;
  proven: boolean;
  backups: string[];
}

/** What the audit trail says of one try. */
export interface Attempt {
  at: Date;
  good: boolean;
  backup?: string | undefined;
}

const dayMs = 86_400_000;
const byWorth: readonly DayMark[] = ['yearly', 'monthly', 'weekly', 'daily', 'hourly'];

/**
 * The last `count` days, oldest first, in the zone of the retention.
 *
 * @param attempts oldest first
 */
export function daysOf(
  backups: readonly StoredBackup[],
  attempts: readonly Attempt[],
  timezone: string,
  { now, count }: { now: Date; count: number },
): Day[] {
  const stored = Map.groupBy(backups, ({ entry }) => dayIn(entry.takenAt, timezone));
  const tried = Map.groupBy(attempts, ({ at }) => dayIn(at, timezone));
  const first = [...stored.keys(), ...tried.keys()].toSorted()[0];
  const today = dayIn(now, timezone);
  return lastDays(today, count).map((date) => {
    const here = stored.get(date) ?? [];
    return {
      date,
      mark: markOf(here, tried.get(date) ?? [], {
        isRecorded: first !== undefined && date > first,
        isToday: date === today,
      }),
      pinned: here.some(({ entry }) => entry.pinned),
      proven: here.some(({ entry }) => entry.proven),
      backups: here.map(({ entry }) => entry.id),
    };
  });
}

function markOf(
  stored: readonly StoredBackup[],
  attempts: readonly Attempt[],
  { isRecorded, isToday }: { isRecorded: boolean; isToday: boolean },
): DayMark {
  if (stored.length > 0) {
    const whole = stored.filter(({ isWhole }) => isWhole);
    if (whole.length === 0) return 'damaged';
    const reasons = whole.flatMap(({ decision }) => (decision.keep ? decision.reasons : []));
    return byWorth.find((rule) => reasons.some((reason) => reason.startsWith(`${rule} `))) ?? 'kept';
  }
  if (attempts.some(({ good }) => good)) return 'gone';
  if (attempts.length > 0) return 'failed';
  // The day is not over.
  return isRecorded && !isToday ? 'missed' : 'none';
}

/** Calendar days have no hours to lose: noon is the same day in each. */
function lastDays(today: string, count: number): string[] {
  const noon = Date.parse(`${today}T12:00:00Z`);
  return Array.from({ length: count }, (_, index) =>
    new Date(noon - (count - 1 - index) * dayMs).toISOString().slice(0, 10),
  );
}
