import * as z from 'zod';
import { durationSchema } from './duration.ts';
import { pathSchema } from './path.ts';

/** When `vya health` is content. */
export const healthSchema = z.strictObject({
  warning_age: durationSchema
    .default('26h')
    .describe('A last good backup that is older than this is a warning.'),
  critical_age: durationSchema.default('50h').describe('One that is older than this is critical.'),
  shrink_percent: z
    .int()
    .min(0)
    .max(99)
    .default(50)
    .describe('A backup that is smaller than the one before by more than this many percent is a warning.'),
  proof_age: durationSchema
    .default(0)
    .describe('A database of which no backup passed a rehearsal for so long is a warning; off by default.'),
  full_within: durationSchema
    .default('7d')
    .describe('Storage that will be full sooner than this, growing as in the last week, is a warning.'),
});

export const metricsSchema = z.strictObject({
  textfile: pathSchema()
    .optional()
    .describe(
      "File (`….prom`) that every run writes anew for node_exporter's textfile collector; the output of `vya metrics`.",
    )
    .meta({ examples: ['/var/lib/prometheus/node-exporter/vya.prom'] }),
});
