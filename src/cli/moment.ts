import { VyaError } from '../errors.ts';

const pattern =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?)?\s*(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?$/;

/**
 * Reads `2026-01-09 02:00:00` as the wall clock of a zone, unless it names an offset of its own (`Z`, `+02:00`). A date
 * alone means its end: `--at 2026-01-09` wants the newest backup of that day or before.
 *
 * @param zone an IANA name
 * @throws VyaError `usage`
 */
export function parseMoment(text: string, zone: string): Date {
  const match = pattern.exec(text.trim());
  if (!match) throw badMoment(text);
  const [, year, month, day, hour, minute, second, offset] = match;
  const clock = hour === undefined ? '23:59:59.999' : `${hour}:${minute}:${second ?? '00'}.000`;
  const asUtc = new Date(`${year}-${month}-${day}T${clock}Z`);
  // Date accepts the 30th of February and moves it to March.
  if (Number.isNaN(asUtc.getTime()) || asUtc.getUTCDate() !== Number(day)) throw badMoment(text);
  if (offset) return new Date(asUtc.getTime() - offsetMilliseconds(offset));
  return fromWallClock(asUtc, zone);
}

/** `2026-01-09`, checked; the day itself is given its meaning by the zone it is compared in. */
export function parseDay(text: string): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) throw badMoment(text);
  parseMoment(text, 'UTC');
  return text;
}

function badMoment(text: string): VyaError {
  return new VyaError('usage', `“${text}” is not a date or time that exists`, {
    hint: 'Write it as 2026-01-09, "2026-01-09 02:00:00" or 2026-01-09T02:00:00Z.',
  });
}

function offsetMilliseconds(offset: string): number {
  if (offset === 'Z') return 0;
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2));
  return (offset.startsWith('-') ? -minutes : minutes) * 60_000;
}

/**
 * The instant at which a zone's clocks show these fields. An hour that a zone skips is read with the offset before the
 * change, an hour that it has twice as the first one.
 */
function fromWallClock(asUtc: Date, zone: string): Date {
  const day = 86_400_000;
  const candidates = [
    zoneOffset(new Date(asUtc.getTime() - day), zone),
    zoneOffset(new Date(asUtc.getTime() + day), zone),
  ]
    .map((offset) => new Date(asUtc.getTime() - offset))
    .sort((a, b) => a.getTime() - b.getTime());
  const exact = candidates.find(
    (instant) => instant.getTime() + zoneOffset(instant, zone) === asUtc.getTime(),
  );
  return exact ?? (candidates[1] as Date);
}

/** Milliseconds that the zone is ahead of UTC at an instant. */
function zoneOffset(instant: Date, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    timeZoneName: 'longOffset',
  }).formatToParts(instant);
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  const match = /^GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(name);
  if (!match) return 0;
  const [, sign, hours, minutes, seconds] = match;
  const milliseconds = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds ?? 0)) * 1000;
  return sign === '-' ? -milliseconds : milliseconds;
}
