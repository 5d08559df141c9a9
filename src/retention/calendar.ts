import { VyaError } from '../errors.ts';

const daySeconds = 86_400;

/** What the clocks of a zone show, as integers: plain arithmetic does the rest. */
export interface WallClock {
  /** Seconds from 1970-01-01 00:00:00 to the shown date and time, both read as if they were UTC. */
  seconds: number;
  /** Seconds that the zone is ahead of UTC at that instant. */
  offset: number;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/**
 * A reader of a zone's clocks. Formatting is the slow part (2 µs), so it is done once for both ends of each UTC day, and
 * for single instants only on days on which the zone changes its offset. No zone has ever changed it twice in a day.
 *
 * @param timezone an IANA name
 * @throws VyaError `configuration` for a zone that this Node does not know
 */
export function wallClockIn(timezone: string): (date: Date) => WallClock {
  const formatter = formatterFor(timezone);
  const atMidnight = new Map<number, number>();
  const midnightOffset = (day: number): number => {
    const known = atMidnight.get(day);
    if (known !== undefined) return known;
    const offset = offsetAt(formatter, day * daySeconds);
    atMidnight.set(day, offset);
    return offset;
  };
  // Backups come in order: most are of the same day as the one before.
  let known = { day: Number.NaN, offset: 0, changes: false };
  return (date) => {
    const utc = Math.floor(date.getTime() / 1000);
    const day = Math.floor(utc / daySeconds);
    if (day !== known.day) {
      const offset = midnightOffset(day);
      known = { day, offset, changes: offset !== midnightOffset(day + 1) };
    }
    const offset = known.changes ? offsetAt(formatter, utc) : known.offset;
    return { seconds: utc + offset, offset };
  };
}

function offsetAt(formatter: Intl.DateTimeFormat, utc: number): number {
  const [month, day, year, hour, minute, second] = (
    formatter.format(utc * 1000).match(/\d+/g) as string[]
  ).map(Number) as [number, number, number, number, number, number];
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - utc;
}

/** The date that a zone's calendars show, as `YYYY-MM-DD`. Throws VyaError `configuration` for an unknown zone. */
export function dayIn(date: Date, timezone: string): string {
  return dayLabel(dayNumber(wallClockIn(timezone)(date)));
}

function formatterFor(timezone: string): Intl.DateTimeFormat {
  const known = formatters.get(timezone);
  if (known) return known;
  try {
    const made = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formatters.set(timezone, made);
    return made;
  } catch (error) {
    throw new VyaError('configuration', `There is no time zone “${timezone}”`, {
      hint: 'Set retention.timezone to a name such as Europe/Berlin or UTC.',
      cause: error,
    });
  }
}

/** Days since 1970-01-01. */
export function dayNumber(clock: WallClock): number {
  return Math.floor(clock.seconds / daySeconds);
}

export function dayLabel(day: number): string {
  return new Date(day * daySeconds * 1000).toISOString().slice(0, 10);
}

export function yearOf(day: number): number {
  return Math.floor(monthNumber(day) / 12);
}

/** Days from 0000-03-01 to 1970-01-01. */
const marchOfYear0 = 719_468;
/** After so many days the Gregorian calendar begins anew. */
const days400 = 146_097;

/** Months since year 0. Integer arithmetic, because a Date for each of 100,000 backups takes longer than all else. */
export function monthNumber(day: number): number {
  // Years that begin with March: the leap day is their last.
  const since = day + marchOfYear0;
  const cycle = Math.floor(since / days400);
  const within = since - cycle * days400;
  const leaps = Math.floor(within / 1460) - Math.floor(within / 36_524) + Math.floor(within / 146_096);
  const year = Math.floor((within - leaps) / 365);
  const dayOfYear = within - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  // From March on, months of 31, 30, 31, 30, 31 days come again and again: 153 days in five.
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  return (cycle * 400 + year) * 12 + month + 2;
}

export function monthLabel(month: number): string {
  return `${fourDigits(Math.floor(month / 12))}-${twoDigits((month % 12) + 1)}`;
}

/**
 * The Thursday of a day's ISO week, as a day number. ISO 8601 gives a week to the year in which its Thursday lies, so
 * this one number tells both the week and its year: `2027-01-01` is a Friday in 2026-W53.
 */
export function weekNumber(day: number): number {
  // 1970-01-01 was a Thursday: Monday is 0.
  const weekday = (((day + 3) % 7) + 7) % 7;
  return day - weekday + 3;
}

export function weekLabel(thursday: number): string {
  const year = yearOf(thursday);
  const firstOfJanuary = Date.UTC(year, 0, 1) / 1000 / daySeconds;
  return `${fourDigits(year)}-W${twoDigits(Math.floor((thursday - firstOfJanuary) / 7) + 1)}`;
}

export function fourDigits(value: number): string {
  return String(value).padStart(4, '0');
}

export function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
