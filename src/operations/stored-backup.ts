import type { Engine, StoredPart } from '../db/adapter.ts';
import type { ClientPrograms } from '../db/client-program.ts';
import { VyaError } from '../errors.ts';
import type { MovedBytes } from '../exec/io-counter.ts';
import { type OpenBackup, partPath } from '../storage/open-backup.ts';
import { acquireLock } from '../storage/lock.ts';
import { verifyFiles } from '../storage/verify-files.ts';
import { readPart } from './archive.ts';
import { summarize } from './restore/compare.ts';
import type { OperationContext, ProgressTask } from './context.ts';
import type { Patience } from './jobs.ts';
import { progressMeter } from './progress-meter.ts';

/** Keeps a backup from being deleted while it is read; readers do not exclude each other. */
export async function withSharedBackup<T>(
  job: Patience & { backup: OpenBackup; storage: { basePath: string } },
  command: string,
  context: OperationContext,
  work: () => Promise<T>,
): Promise<T> {
  const lock = await acquireLock({
    basePath: job.storage.basePath,
    scope: { kind: 'backup', id: job.backup.manifest.id, path: job.backup.path },
    mode: 'shared',
    waitSeconds: job.waitSeconds,
    command,
    now: context.now(),
    env: context.env,
    signal: context.signal,
  });
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/** A backup's parts with absolute paths that are known to lie inside its directory. */
export async function storedParts(backup: OpenBackup): Promise<StoredPart[]> {
  return await Promise.all(
    backup.manifest.parts.map(async (part) => ({ ...part, path: await partPath(backup, part) })),
  );
}

/**
 * Reads everything: each file has the size and checksum that the manifest says, and each archive is whole to its end.
 * For a backup that is about to be loaded, also whether that is safe for other databases of the server.
 *
 * @throws VyaError `verification`
 */
export async function assertWhole(
  backup: OpenBackup,
  engine: Engine,
  programs: ClientPrograms | undefined,
  context: OperationContext,
  { forLoading }: { forLoading: boolean },
): Promise<void> {
  const { signal, env } = context;
  const loading = forLoading ? { sourceDatabase: backup.manifest.database ?? '' } : undefined;
  const total = backup.manifest.files.reduce((sum, { size }) => sum + size, 0);
  const { id } = backup.manifest;
  await withTask(context, `checksums of ${id}`, total, async (task) => {
    let read = 0;
    const onChunk = ({ length }: Buffer): void => task.update((read += length));
    assertUndamaged(backup, await verifyFiles(backup, { signal, onChunk }));
  });
  await withTask(context, `reading ${id}`, total, async (task) => {
    const counter = progressMeter(task);
    const largest = largestOf(backup);
    for (const part of await storedParts(backup)) {
      const count = counter();
      const onBytes = ({ read }: MovedBytes): void => count(read);
      await readPart(engine, part, { signal, env, programs, loading, largest, onBytes });
    }
  });
}

async function withTask(
  { progress }: OperationContext,
  label: string,
  total: number,
  work: (task: ProgressTask) => Promise<void>,
): Promise<void> {
  const task = progress.begin(label, total);
  try {
    await work(task);
  } finally {
    task.done();
  }
}

/** Throws VyaError `verification` when there are problems with a backup's files. */
export function assertUndamaged({ manifest }: OpenBackup, problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new VyaError('verification', `${manifest.id} is damaged: ${summarize(problems)}`, {
    hint: 'Restore from another backup; vya list shows them.',
  });
}

/** How many bytes may come out of one of its archives. */
export function largestOf({ manifest }: OpenBackup): number {
  const stored = manifest.files.reduce((sum, { size }) => sum + size, 0);
  return largestExpansion(stored, manifest.inventory?.database.sizeBytes ?? 0);
}

/**
 * How many bytes may come out of a backup's archives: a bound on what a few kilobytes that expand without end can cost. No real
 * dump comes near it, even where the server's figure of the size was wrong or the rows are all alike.
 */
export function largestExpansion(storedBytes: number, databaseBytes: number): number {
  return Math.max(16 * 1024 ** 3, 1_000 * storedBytes, 100 * databaseBytes);
}
