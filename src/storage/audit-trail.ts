import { constants } from 'node:fs';
import { type FileHandle, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { systemCode } from '../errors.ts';
import { ensureDirectories, isRealDirectory } from './directories.ts';
import { orStorageError } from './failure.ts';

const trailDirectory = '.audit';
const trailName = /^\d{4}-\d{2}\.jsonl$/;

const resultSchema = z.enum(['ok', 'partial', 'failed']);

/** One line of the audit trail. Keys that this version does not know are passed over. */
export const auditRecordSchema = z.object({
  at: z.iso.datetime(),
  /** What was done: `backup`, `restore`, `delete`, `pin`, … */
  action: z.string(),
  result: resultSchema,
  /** The system's user, and who became that user with sudo. */
  user: z.string(),
  sudoUser: z.string().optional(),
  host: z.string(),
  pid: z.int(),
  vya: z.string(),
  /** Equal for all that one `vya backup` did. */
  run: z.string().optional(),
  instance: z.string().optional(),
  /** Null for accounts. */
  database: z.string().nullable().optional(),
  /** The backup that it is about. */
  backup: z.string().optional(),
  /** Why: of a deletion what retention said, of a pin what its maker said. */
  reason: z.string().optional(),
  /** What failed, as the exit code's kind and in words. */
  error: z.object({ kind: z.string(), message: z.string() }).optional(),
  /** Bytes of the backup. */
  bytes: z.number().optional(),
  durationMs: z.number().optional(),
  /** Of a run: whether everything that is configured for these instances was to be backed up. */
  everything: z.boolean().optional(),
  /** Of a run: what became of each database; of an instance that failed as a whole there is one without. */
  databases: z
    .array(
      z.object({
        instance: z.string(),
        database: z.string().nullable().optional(),
        result: resultSchema,
        backup: z.string().optional(),
        bytes: z.number().optional(),
        durationMs: z.number().optional(),
        error: z.object({ kind: z.string(), message: z.string() }).optional(),
      }),
    )
    .optional(),
  /** Of a change of credentials: their names. */
  credentials: z.array(z.string()).optional(),
});

export type AuditRecord = z.infer<typeof auditRecordSchema>;

/**
 * Adds a line to the trail of its month, `<base>/.audit/2026-01.jsonl`, in one write, so that the lines of several runs do not mix.
 *
 * @throws VyaError `storage`
 */
export async function appendAudit(basePath: string, record: AuditRecord): Promise<void> {
  const directory = await ensureDirectories(basePath, [trailDirectory]);
  const path = join(directory, `${record.at.slice(0, 7)}.jsonl`);
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  await orStorageError(`write ${path}`, async () => {
    const handle = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
    try {
      const line = `${JSON.stringify(record)}\n`;
      await handle.appendFile((await endsWithinALine(handle)) ? `\n${line}` : line);
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}

/** Whether what was written last was cut off, as by a full disk: the next line must not become a part of it. */
async function endsWithinALine(handle: FileHandle): Promise<boolean> {
  const stats = await handle.stat();
  if (!stats.isFile()) throw new Error('it is not a regular file');
  if (stats.size === 0) return false;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, stats.size - 1);
  return buffer.toString('latin1') !== '\n';
}

/**
 * The lines of the trail, oldest first. A line that cannot be understood, such as one that a full disk cut off, is passed over.
 *
 * @param since only months from this one on are read; undefined: all
 * @throws VyaError `storage`
 */
export async function readAudit(basePath: string, since?: Date): Promise<AuditRecord[]> {
  const directory = join(basePath, trailDirectory);
  return await orStorageError(`read ${directory}`, async () => {
    if (!(await isRealDirectory(directory))) return [];
    const first = since ? `${since.toISOString().slice(0, 7)}.jsonl` : '';
    const names = (await readdir(directory)).filter((name) => trailName.test(name) && name >= first);
    const records: AuditRecord[] = [];
    for (const name of names.toSorted()) records.push(...parse(await readTrail(join(directory, name))));
    return records;
  });
}

async function readTrail(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      if (['ENOENT', 'ELOOP'].includes(systemCode(error) ?? '')) return undefined;
      throw error;
    },
  );
  if (!handle) return '';
  try {
    return (await handle.stat()).isFile() ? await readFile(handle, 'utf8') : '';
  } finally {
    await handle.close();
  }
}

function parse(text: string): AuditRecord[] {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    try {
      return auditRecordSchema.safeParse(JSON.parse(line)).data ?? [];
    } catch {
      return [];
    }
  });
}
