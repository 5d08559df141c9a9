import { lstat, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode, VyaError } from '../errors.ts';
import type { BackupEntry } from './backup-entry.ts';
import { syncDirectory } from './directories.ts';
import { orStorageError, storageError } from './failure.ts';
import { directoryOf, manifestName, pinName, proofName, removingName, sumsNames } from './layout.ts';
import { acquireLock, type Lock, type LockRequest } from './lock.ts';
import { type ManifestSummary, summarySchema } from './manifest.ts';
import { largestManifest, parseManifest } from './manifest-file.ts';
import { pathInside } from './safe-path.ts';
import { readSmallFile } from './small-file.ts';

export interface RemoveRequest extends Pick<LockRequest, 'basePath' | 'command' | 'now' | 'env' | 'signal'> {
  backup: BackupEntry;
  /** The lock on the backup's database. */
  lock: Lock;
}

/**
 * Deletes one backup, on a full disk too. First its manifest is renamed: from then on it is no backup any more, and an
 * interrupted removal can be finished from that file. Then only what the manifest names is deleted, and the renamed
 * manifest last. Files that vya did not write stay where they are.
 *
 * @returns the paths that stay
 * @throws VyaError `locked` while a restore or verify reads it, `storage`; `unexpected` without the database's lock
 */
export async function removeBackup(request: RemoveRequest): Promise<{ kept: string[] }> {
  const { backup, lock } = request;
  const { path, id } = backup;
  assertDatabaseLock(request.basePath, lock, path);
  const reading = await acquireLock({
    ...request,
    scope: { kind: 'backup', id, path },
    mode: 'exclusive',
    waitSeconds: 0,
  });
  try {
    // Read before the rename: what cannot be read back afterwards must not be begun.
    readSummary(path, manifestName);
    await orStorageError(`remove ${path}`, async () => {
      await rename(join(path, manifestName), join(path, removingName));
      await syncDirectory(path);
    });
    return { kept: await removeFiles(path) };
  } finally {
    await reading.release();
  }
}

/**
 * Finishes removals that were interrupted.
 *
 * @returns the paths that stay
 * @throws VyaError `storage`; `unexpected` without the database's lock
 */
export async function finishRemovals(request: {
  basePath: string;
  paths: readonly string[];
  lock: Lock;
}): Promise<{ kept: string[] }> {
  const kept: string[] = [];
  for (const path of request.paths) {
    assertDatabaseLock(request.basePath, request.lock, path);
    kept.push(...(await removeFiles(path)));
  }
  return { kept };
}

/** Deletes what the renamed manifest names, then that manifest, then the directory if nothing else is in it. */
async function removeFiles(path: string): Promise<string[]> {
  if (await isEmpty(path)) {
    await orStorageError(`remove ${path}`, () => removeEmpty(path));
    return [];
  }
  const summary = readSummary(path, removingName);
  return orStorageError(`remove ${path}`, async () => {
    for (const file of summary.files) await unlinkOwn(path, file.path);
    for (const directory of directoriesOf(summary)) await removeEmpty(join(path, directory));
    for (const name of [...Object.values(sumsNames), pinName, proofName])
      await unlinkIfFile(join(path, name));
    const kept = (await readdir(path)).filter((name) => name !== removingName);
    await unlink(join(path, removingName));
    if (kept.length === 0) await rmdir(path);
    return kept.map((name) => join(path, name));
  });
}

function isEmpty(path: string): Promise<boolean> {
  return orStorageError(`read ${path}`, async () => (await readdir(path)).length === 0);
}

/** Where a link, or nothing, lies in place of a file, that is not what vya wrote. */
async function unlinkOwn(root: string, path: string): Promise<void> {
  let absolute: string;
  try {
    absolute = await pathInside(root, path, 'file');
  } catch (error) {
    if (error instanceof VyaError && error.kind === 'verification') return;
    throw error;
  }
  await unlink(absolute);
}

async function unlinkIfFile(path: string): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found?.isFile()) await unlink(path);
}

async function removeEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    // Not empty, gone already, or a link: what is left is reported.
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) throw error;
  }
}

/** The directories that the files lie in, the deepest first. */
function directoriesOf({ files }: ManifestSummary): string[] {
  const all = new Set<string>();
  for (const file of files) {
    for (let path = dirname(file.path); path !== '.'; path = dirname(path)) all.add(path);
  }
  return [...all].sort((a, b) => b.length - a.length);
}

function readSummary(path: string, name: string): ManifestSummary {
  try {
    return parseManifest(summarySchema, readSmallFile(join(path, name), largestManifest), path);
  } catch (error) {
    throw storageError(error, `read ${join(path, name)}`);
  }
}

function assertDatabaseLock(basePath: string, lock: Lock, path: string): void {
  const { scope, mode } = lock;
  const covers = scope.kind === 'database' && directoryOf(basePath, scope.place) === dirname(path);
  if (covers && mode === 'exclusive') return;
  throw new VyaError('unexpected', `The lock for removing ${path} is not held`);
}
