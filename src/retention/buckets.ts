import {
  dayLabel,
  dayNumber,
  fourDigits,
  monthLabel,
  monthNumber,
  twoDigits,
  type WallClock,
  weekLabel,
  weekNumber,
  yearOf,
} from './calendar.ts';

/** One grandfather-father-son rule: which stretch of the calendar a backup falls into, and how that is called. */
export interface BucketRule {
  name: 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly';
  unit: string;
  /** Equal for two backups if and only if they share a bucket. */
  keyOf(clock: WallClock): number;
  labelOf(key: number): string;
}

const hourSeconds = 3600;
/** Offsets from UTC, in seconds, lie within a day on either side. */
const offsetSpan = 2 * 86_400;

export const bucketRules: readonly BucketRule[] = [
  {
    name: 'hourly',
    unit: 'hour',
    // The hour that a zone's clocks show twice in autumn is two hours: the offset tells them apart.
    keyOf: ({ seconds, offset }) => Math.floor(seconds / hourSeconds) * offsetSpan + offset + offsetSpan / 2,
    labelOf: (key) => hourLabel(Math.floor(key / offsetSpan)),
  },
  { name: 'daily', unit: 'day', keyOf: dayNumber, labelOf: dayLabel },
  { name: 'weekly', unit: 'week', keyOf: (clock) => weekNumber(dayNumber(clock)), labelOf: weekLabel },
  { name: 'monthly', unit: 'month', keyOf: (clock) => monthNumber(dayNumber(clock)), labelOf: monthLabel },
  { name: 'yearly', unit: 'year', keyOf: (clock) => yearOf(dayNumber(clock)), labelOf: fourDigits },
];

function hourLabel(hour: number): string {
  return `${dayLabel(Math.floor(hour / 24))} ${twoDigits(((hour % 24) + 24) % 24)}:00`;
}
