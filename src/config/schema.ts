import * as z from 'zod';
import { exampleInstances } from './example-instances.ts';
import { healthSchema, metricsSchema } from './watching.ts';
import { hooksSchema, notifySchema } from './notify.ts';
import { instanceSchema } from './instance.ts';
import { pathSchema } from './path.ts';
import { retentionSchema } from './retention.ts';

export const storageSchema = z.strictObject({
  base_path: pathSchema().default('/var/backups/vya').describe('Directory that holds the backups.'),
  compression: z.enum(['zstd', 'gzip', 'none']).default('zstd').describe('How backups are compressed.'),
  compression_level: z
    .int()
    .min(1)
    .max(9)
    .default(2)
    .describe('1 is fastest, 9 smallest. Levels above the default cost much time for little space.'),
  checksum_algorithm: z
    .enum(['sha256', 'md5'])
    .default('sha256')
    .describe('Checksums beside every backup; `sha256sum -c` or `md5sum -c` checks them without vya.'),
});

export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';

const levelBySpelling = {
  DEBUG: 'DEBUG',
  INFO: 'INFO',
  WARNING: 'WARNING',
  ERROR: 'ERROR',
  CRITICAL: 'CRITICAL',
  WARN: 'WARNING',
  FATAL: 'CRITICAL',
  debug: 'DEBUG',
  info: 'INFO',
  warning: 'WARNING',
  error: 'ERROR',
  critical: 'CRITICAL',
  warn: 'WARNING',
  fatal: 'CRITICAL',
} as const satisfies Record<string, LogLevel>;

type LevelSpelling = keyof typeof levelBySpelling;

export const loggingSchema = z.strictObject({
  level: z
    .enum(Object.keys(levelBySpelling) as [LevelSpelling, ...LevelSpelling[]])
    .default('INFO')
    .transform((spelling): LogLevel => levelBySpelling[spelling])
    .describe('Least important messages that are logged: DEBUG, INFO, WARNING, ERROR or CRITICAL.'),
  format: z.enum(['text', 'json']).default('text').describe('Lines for people, or one JSON object per line.'),
  output: pathSchema().default('console').describe('`console` (standard error), or the path of a log file.'),
});

export const secretsSchema = z.strictObject({
  path: pathSchema()
    .optional()
    .describe(
      'The credentials file; by default `.secrets/credentials.json` beside the configuration (beside `config/` where it is in ' +
        'a directory of that name), and `/etc/vya/secrets/credentials.json` for `/etc/vya`.',
    )
    .meta({ examples: ['/etc/vya/secrets/credentials.json'] }),
});

export const securitySchema = z.strictObject({
  key_file: pathSchema()
    .optional()
    .describe(
      "File (mode 0600) with a Fernet key that takes the host name's place in encrypting credentials; `VYA_SECRET_KEY` goes before it.",
    )
    .meta({ examples: ['/etc/vya/secrets/fernet.key'] }),
  run_as: z
    .string()
    .min(1)
    .optional()
    .describe(
      "System user that vya becomes when root starts it, and that the schedule runs as: backups, credentials and logs are then this user's.",
    )
    .meta({ examples: ['vya'] }),
});

/** Points at each instance whose id an earlier one has; runs also where other fields are wrong. */
function reportDuplicateIds(value: unknown, report: (index: number, message: string) => void): void {
  const instances = (value as { instances?: unknown } | null)?.instances;
  if (!Array.isArray(instances)) return;
  const first = new Map<unknown, number>();
  for (const [index, instance] of instances.entries()) {
    const id: unknown = (instance as { id?: unknown } | null)?.id;
    if (typeof id !== 'string') continue;
    const earlier = first.get(id);
    if (earlier === undefined) first.set(id, index);
    else report(index, `must be different for every instance: instances[${earlier}] is called ${id} as well`);
  }
}

/**
 * The configuration file: the only home of its types, defaults and descriptions. The JSON Schema, the example and the
 * reference table are made from it.
 */
export const configSchema = z
  .strictObject({
    instances: z
      .array(instanceSchema)
      .min(1)
      .describe('The database servers to back up.')
      .meta({ examples: [exampleInstances] }),
    storage: storageSchema.prefault({}).describe('Where and how backups are stored.'),
    retention: retentionSchema
      .prefault({})
      .describe(
        'Which backups stay when old ones are deleted, for every database on its own. 0 turns a rule off.',
      ),
    health: healthSchema
      .prefault({})
      .describe('When `vya health` warns and when it calls the state critical. 0 turns a check off.'),
    hooks: hooksSchema.prefault({}).describe('Programs that `vya backup` runs before and after its work.'),
    notify: notifySchema.prefault({}).describe('Whom `vya backup` tells how it ended.'),
    metrics: metricsSchema.prefault({}).describe('What monitoring reads.'),
    logging: loggingSchema.prefault({}).describe('What is logged, how and where.'),
    secrets: secretsSchema.prefault({}).describe('Where the encrypted credentials are.'),
    security: securitySchema
      .prefault({})
      .describe('How the credentials are encrypted, and whose rights vya has.'),
    dry_run: z
      .boolean()
      .default(false)
      .describe('Only say what would be done, in every command that knows `--dry-run`.'),
  })
  .superRefine(
    (config, context) => {
      reportDuplicateIds(config, (index, message) =>
        context.addIssue({ code: 'custom', path: ['instances', index, 'id'], message }),
      );
    },
    { when: () => true },
  );

/** The file's content with aliases and defaults settled, in the file's own words. */
export type ConfigFile = z.output<typeof configSchema>;
export type InstanceFile = ConfigFile['instances'][number];
