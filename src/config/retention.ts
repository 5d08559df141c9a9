import * as z from 'zod';
import { durationSchema } from './duration.ts';

/** Whether `zone` is a name of the IANA time zone database that this Node knows (offsets like +03:00 are not names). */
export function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

const count = (otherwise: number) => z.int().min(0).max(10_000).default(otherwise);

const rules = ['hourly', 'daily', 'weekly', 'monthly', 'yearly', 'keep_last', 'keep_within'];

function keepsSomething(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  const policy = value as Record<string, unknown>;
  const isOff = (setting: unknown): boolean =>
    setting === 0 || (typeof setting === 'string' && /^0+[mhdw]?$/.test(setting));
  return !rules.every((rule) => isOff(policy[rule]));
}

export const retentionSchema = z
  .strictObject({
    hourly: count(0).describe('How many hours keep their newest backup.'),
    daily: count(7).describe('How many days keep their newest backup.'),
    weekly: count(4).describe('How many ISO weeks keep their newest backup.'),
    monthly: count(12).describe('How many months keep their newest backup.'),
    yearly: count(0).describe('How many years keep their newest backup.'),
    keep_last: count(3).describe('How many of the newest backups stay, whatever the other rules say.'),
    keep_within: durationSchema
      .default('24h')
      .describe(
        'Every backup younger than this stays, whatever the other rules say (`90m`, `24h`, `7d`, `2w`).',
      ),
    timezone: z
      .string()
      .refine(isTimeZone, { error: 'must be the name of a time zone, such as Europe/Berlin or UTC' })
      .optional()
      .describe(
        "Time zone in which hours, days, weeks, months and years begin; by default the machine's own.",
      )
      .meta({ examples: ['America/Sao_Paulo'] }),
  })
  .refine(keepsSomething, {
    when: () => true,
    error:
      'turns every rule off, which would delete every backup but the newest: keep at least one rule above 0',
  });
