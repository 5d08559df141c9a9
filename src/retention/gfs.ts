import { type BucketRule, bucketRules } from './buckets.ts';
import { type WallClock, wallClockIn } from './calendar.ts';
import { assertPolicy, type RetentionPolicy } from './policy.ts';

/** A backup as retention sees it; all of them belong to one database. */
export interface RetentionBackup {
  id: string;
  takenAt: Date;
  /** Only complete backups are counted or deleted. */
  complete: boolean;
  pinned: boolean;
  /** It has passed a rehearsal. */
  proven: boolean;
}

export interface Decision {
  id: string;
  keep: boolean;
  /** Why, in plain words: what keeps it, or for every rule why it does not. Never empty. */
  reasons: string[];
}

/** What one rule says of one backup. */
interface Verdict {
  keep: boolean;
  reason: string;
}

/** A rule at work: called once for each candidate, newest first. Undefined: the rule has nothing to say of it. */
type Judge = (backup: RetentionBackup, clock: WallClock) => Verdict | undefined;

/**
 * Decides which backups of one database stay: grandfather-father-son over calendar buckets in one zone.
 *
 * The newest backup of a bucket represents it. Counters overlap as restic's do: one backup can be the newest of its day,
 * its week and its month at once, and an empty bucket is not counted. Whatever the rules say, these stay: the newest
 * complete backup, pinned ones, the newest that passed a rehearsal, incomplete ones (which are not counted either), and
 * those dated after `now` (which evict no other).
 *
 * @returns one decision for each backup, newest first, whatever the order of the input
 * @throws VyaError `configuration` for a policy without any rule, or an unknown zone
 */
export function planRetention(
  backups: readonly RetentionBackup[],
  policy: RetentionPolicy,
  now: Date,
): Decision[] {
  assertPolicy(policy);
  const readClock = wallClockIn(policy.timezone);
  const judges = judgesOf(policy, now);
  return [...backups].sort(newerFirst).map((backup) => {
    const outside = outsideReason(backup, now);
    if (outside !== undefined) return { id: backup.id, keep: true, reasons: [outside] };
    return judge(backup, readClock(backup.takenAt), judges);
  });
}

/** One rule that keeps it is enough. */
function judge(backup: RetentionBackup, clock: WallClock, judges: readonly Judge[]): Decision {
  const [kept, missed]: [string[], string[]] = [[], []];
  for (const each of judges) {
    const verdict = each(backup, clock);
    if (verdict) (verdict.keep ? kept : missed).push(verdict.reason);
  }
  const keep = kept.length > 0;
  return { id: backup.id, keep, reasons: keep ? kept : missed };
}

/** Ids of one moment differ in their suffix: none, -2, …, -10. */
function newerFirst(a: RetentionBackup, b: RetentionBackup): number {
  const byTime = b.takenAt.getTime() - a.takenAt.getTime();
  if (byTime !== 0) return byTime;
  return b.id.length - a.id.length || (b.id < a.id ? -1 : Number(b.id > a.id));
}

/** Why a backup takes no part in the rules, or undefined when it does. */
function outsideReason(backup: RetentionBackup, now: Date): string | undefined {
  if (!backup.complete) return 'not complete: neither counted nor deleted by retention';
  if (backup.takenAt.getTime() > now.getTime())
    return 'dated in the future: neither counted nor deleted until then';
  return undefined;
}

function judgesOf(policy: RetentionPolicy, now: Date): Judge[] {
  return [
    first('newest complete backup', () => true),
    first('newest backup that passed a rehearsal', (backup) => backup.proven),
    (backup) => (backup.pinned ? { keep: true, reason: 'pinned' } : undefined),
    ...(policy.keepLast > 0 ? [lastOnes(policy.keepLast)] : []),
    ...(policy.keepWithinMs > 0 ? [within(policy.keepWithinMs, now)] : []),
    ...bucketRules.flatMap((rule) =>
      policy[rule.name] > 0 ? [newestOfBuckets(rule, policy[rule.name])] : [],
    ),
  ];
}

function first(reason: string, test: (backup: RetentionBackup) => boolean): Judge {
  let found = false;
  return (backup) => {
    if (found || !test(backup)) return undefined;
    found = true;
    return { keep: true, reason };
  };
}

function lastOnes(count: number): Judge {
  let seen = 0;
  const miss = { keep: false, reason: `not one of the last ${count}` };
  return () => {
    seen += 1;
    return seen <= count ? { keep: true, reason: `last ${seen} of ${count}` } : miss;
  };
}

function within(limitMs: number, now: Date): Judge {
  const span = describeSpan(limitMs);
  const hit = { keep: true, reason: `within the last ${span}` };
  const miss = { keep: false, reason: `older than ${span}` };
  return ({ takenAt }) => (now.getTime() - takenAt.getTime() <= limitMs ? hit : miss);
}

function newestOfBuckets(rule: BucketRule, count: number): Judge {
  const { name, unit } = rule;
  // Clocks can go back over midnight, so the backups of one bucket need not come one after the other.
  const filled = new Set<number>();
  const shadowed = { keep: false, reason: `${name}: a newer backup of its ${unit} stays` };
  const beyond = { keep: false, reason: `${name}: ${count} newer ${unit}${count === 1 ? '' : 's'} stay` };
  return (_backup, clock) => {
    const key = rule.keyOf(clock);
    if (filled.has(key)) return shadowed;
    if (filled.size >= count) return beyond;
    filled.add(key);
    return { keep: true, reason: `${name} ${filled.size} of ${count}: ${rule.labelOf(key)}` };
  };
}

const spans: readonly (readonly [number, string])[] = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1_000, 'second'],
];

/** From two days on days read well; 24 hours stay 24 hours, because a calendar day can have 23 or 25. */
function describeSpan(ms: number): string {
  const [size, unit] = spans.find(([span]) => ms % span === 0 && ms > span) ?? [1, 'millisecond'];
  return `${ms / size} ${unit}s`;
}
