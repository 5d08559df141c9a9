import * as z from 'zod';

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Milliseconds of `90m`, `24h`, `7d` or `2w`; 0 for `0`. Undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const match = /^(\d{1,6})([mhdw])$/.exec(text);
  if (!match) return undefined;
  return Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
}

const durationError = 'must be a duration such as 90m, 24h, 7d or 2w, or 0';

export const durationSchema = z.union(
  [z.string().refine((text) => parseDuration(text) !== undefined, { error: durationError }), z.literal(0)],
  { error: durationError },
);

/** Milliseconds of a setting that has passed the schema. */
export function durationMs(setting: string | 0): number {
  return parseDuration(String(setting)) ?? 0;
}
