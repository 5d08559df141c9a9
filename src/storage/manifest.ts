import * as z from 'zod';
import { inventorySchema } from '../model/inventory.ts';
import { versionSchema } from '../model/version.ts';
import { codecOf } from './codecs.ts';
import { isSafePath } from './safe-path.ts';

export const manifestFormat = 'vya-backup';
/** The newest version of the format that this vya writes and reads. */
export const manifestVersion = 1;

/** A path inside the backup's directory. Manifests can come from strangers: it never leads out of it. */
const pathSchema = z
  .string()
  .refine(isSafePath, { error: 'is not a path inside the backup, or bears a name that is vya’s own' });

/** Ids are printed: no database's name brings a control character into one, because they are escaped there. */
const idSchema = z.string().refine((id) => !/\p{Cc}/u.test(id), { error: 'holds control characters' });

const instantSchema = z.iso.datetime({ error: 'is not a moment in UTC like 2026-01-09T02:00:00.000Z' });

export const fileEntrySchema = z.object({
  path: pathSchema,
  /** Bytes. */
  size: z.int().nonnegative(),
  checksum: z.string().regex(/^([0-9a-f]{32}|[0-9a-f]{64})$/, { error: 'is not a checksum' }),
});

export const partSchema = z.object({
  /** A file, or a directory whose files are listed one by one. */
  path: pathSchema,
  format: z.enum(['sql', 'json-lines', 'pg-custom', 'pg-directory']),
  /** `tables`, `views`, `triggers`, `routines`, `events`, `accounts`, `everything`. */
  holds: z.array(z.string()),
});

/** Everything but the inventory: enough to list backups and to choose among them. */
export const summarySchema = z.object({
  format: z.literal(manifestFormat),
  version: z.literal(manifestVersion),
  /** `<instance>/<database>/<timestamp>`, as the backup was called when it was made. */
  id: idSchema,
  /** Equal for all backups that one `vya backup` made. */
  run: idSchema,
  kind: z.enum(['database', 'accounts']),
  instance: z.object({ id: idSchema, type: z.enum(['mysql', 'postgresql']) }),
  /** The true name, whatever the directory had to be called; null for accounts. */
  database: z
    .string()
    .refine((name) => name !== '' && !name.includes('\0'), {
      error: 'is not a name that a database can have',
    })
    .nullable(),
  server: z.object({
    flavour: z.enum(['mysql', 'mariadb', 'postgresql']),
    version: versionSchema,
    /** The version as the server words it. */
    versionText: z.string(),
    replica: z.boolean(),
    identity: z.string(),
  }),
  client: z.object({ program: z.string(), version: versionSchema }),
  startedAt: instantSchema,
  finishedAt: instantSchema,
  /** Where the source stood when the dump began. */
  positions: z.array(
    z.object({
      kind: z.enum(['binlog', 'gtid', 'lsn']),
      value: z.string(),
      /** Whether it belongs to the dump's own snapshot. */
      exact: z.boolean(),
    }),
  ),
  /** The oldest client that can restore it, e.g. `pg_restore 16`. */
  oldestClient: z.string(),
  /** It holds only some of the database, and never replaces what it does not hold. */
  partial: z.boolean(),
  /** The options that shaped the dump. */
  options: z.array(z.string()),
  compression: z.object({ codec: z.enum(['zstd', 'gzip', 'none']), level: z.int() }),
  checksumAlgorithm: z.enum(['sha256', 'md5']),
  parts: z.array(partSchema).min(1),
  files: z.array(fileEntrySchema).min(1),
  warnings: z.array(z.string()),
  /** The version of vya that made it. */
  vya: z.string(),
});

/** What `manifest.json` holds. Keys that this version does not know are passed over. */
export const manifestSchema = summarySchema
  .extend({
    inventory: inventorySchema.optional(),
    /** False: objects came or went while the dump was made, so a restored database may differ from the inventory. */
    inventoryStable: z.boolean().default(true),
  })
  .superRefine(checkConsistency);

export type ManifestSummary = z.infer<typeof summarySchema>;
export type Manifest = z.infer<typeof manifestSchema>;
export type FileEntry = z.infer<typeof fileEntrySchema>;
export type StoredPartEntry = z.infer<typeof partSchema>;

/** What the maker of a backup tells of it; the storage adds the rest when it publishes. */
export type ManifestDraft = Omit<
  Manifest,
  'format' | 'version' | 'id' | 'kind' | 'database' | 'startedAt' | 'checksumAlgorithm' | 'files'
>;

/** Parts and files must account for each other, or a check of the files would say nothing of the parts. */
function checkConsistency(manifest: ManifestSummary, context: z.RefinementCtx): void {
  const complain = (message: string): void => context.addIssue({ code: 'custom', message });
  const files = new Set(manifest.files.map((file) => file.path));
  const directories = new Set(manifest.files.flatMap((file) => ancestorsOf(file.path)));
  const parts = new Set(manifest.parts.map((part) => part.path));
  if (files.size !== manifest.files.length) complain('lists a file twice');
  if (parts.size !== manifest.parts.length) complain('lists a part twice');
  for (const { path, format } of manifest.parts) {
    if (!(format === 'pg-directory' ? directories : files).has(path))
      complain(`lacks the files of part ${path}`);
    // Checks go by the name and loads by the manifest: both have to read the same bytes.
    if (format !== 'pg-directory' && codecOf(path) !== manifest.compression.codec)
      complain(`${path} is not named after its compression`);
  }
  for (const { path } of manifest.files) {
    if (directories.has(path)) complain(`${path} is both a file and a directory`);
    if (![path, ...ancestorsOf(path)].some((owner) => parts.has(owner)))
      complain(`${path} belongs to no part`);
  }
  if ((manifest.kind === 'accounts') !== (manifest.database === null)) complain('kind and database disagree');
  const length = manifest.checksumAlgorithm === 'md5' ? 32 : 64;
  if (manifest.files.some((file) => file.checksum.length !== length)) {
    complain(`checksums are not ${manifest.checksumAlgorithm}`);
  }
}

/** `a/b/c` lies in `a` and in `a/b`. */
function ancestorsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}
