import { planRetention, type RetentionBackup } from './gfs.ts';
import type { RetentionPolicy } from './policy.ts';

/** What retention will delete next, and when, if backups go on as they came. */
export interface NextDeletion {
  id: string;
  at: Date;
}

const dayMs = 86_400_000;
/** How many coming backups are looked at: two months of nightly ones. */
const furthest = 62;

/**
 * Imagines that a backup is made as often as the last ones were, and answers the first one that retention would then delete.
 * One that it would delete now comes first.
 *
 * @returns undefined where nothing goes within the next 62 backups
 */
export function nextDeletion(
  backups: readonly RetentionBackup[],
  policy: RetentionPolicy,
  now: Date,
): NextDeletion | undefined {
  const interval = usualInterval(backups);
  const imagined: RetentionBackup[] = [];
  for (let step = 0; step <= furthest; step += 1) {
    const at = new Date(now.getTime() + step * interval);
    if (step > 0) imagined.push({ ...imaginary, id: `imagined-${step}`, takenAt: at });
    const gone = planRetention([...backups, ...imagined], policy, at).filter(
      ({ id, keep }) => !keep && !id.startsWith('imagined-'),
    );
    const oldest = gone.at(-1);
    if (oldest) return { id: oldest.id, at };
  }
  return undefined;
}

const imaginary = { complete: true, pinned: false, proven: false };

/** Milliseconds between the last backups, as their median: one that was missed says little. A day where it cannot be known. */
function usualInterval(backups: readonly RetentionBackup[]): number {
  const times = backups
    .filter(({ complete }) => complete)
    .map(({ takenAt }) => takenAt.getTime())
    .toSorted((a, b) => b - a)
    .slice(0, 8);
  const gaps = times.slice(1).map((time, index) => (times[index] as number) - time);
  const median = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)];
  return Math.max(median ?? dayMs, dayMs / 24);
}
