import { VyaError } from '../errors.ts';

/** How many backups of one database stay. 0 turns a rule off. */
export interface RetentionPolicy {
  /** How many hours, days, ISO weeks, months and years keep their newest backup. */
  hourly: number;
  daily: number;
  weekly: number;
  monthly: number;
  yearly: number;
  /** How many of the newest stay, whatever the other rules say. */
  keepLast: number;
  /** Every backup that is at most this old stays, in milliseconds. */
  keepWithinMs: number;
  /** IANA name of the zone in which hours, days, weeks, months and years begin. */
  timezone: string;
}

const counts = ['hourly', 'daily', 'weekly', 'monthly', 'yearly', 'keepLast'] as const;

/**
 * Refuses a policy that keeps nothing: it is a mistake, never a licence to delete everything.
 *
 * @throws VyaError `configuration`
 */
export function assertPolicy(policy: RetentionPolicy): void {
  for (const name of [...counts, 'keepWithinMs'] as const) {
    const value = policy[name];
    // Infinity would keep everything, but arithmetic on it would not stay exact.
    if (Number.isSafeInteger(value) && value >= 0) continue;
    throw new VyaError('configuration', `Retention: ${name} is ${value}, not a whole number from 0 up`, {
      hint: 'Correct it in the retention section of the configuration.',
    });
  }
  if (counts.some((name) => policy[name] > 0) || policy.keepWithinMs > 0) return;
  throw new VyaError('configuration', 'Retention: every rule is 0, which would keep no backup', {
    hint: 'Set at least one of hourly, daily, weekly, monthly, yearly, keep_last or keep_within above 0.',
  });
}
