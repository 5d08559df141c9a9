import { randomBytes } from 'node:crypto';
import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode, VyaError } from '../errors.ts';
import { ensureDirectories, isRealDirectory, makePrivate } from './directories.ts';
import { orStorageError } from './failure.ts';
import { formatTimestamp, reservedNames } from './layout.ts';
import { assertCovers } from './lock-scope.ts';
import type { Lock } from './lock.ts';

const stagingDirectory = '.staging';

/** How vya names a directory in which a backup is made. */
const stageName = /^\d{8}T\d{6}Z-[0-9a-f]{12}$/;
/** How vya names what it makes there, beside its own files. */
const partName = /_\d{8}T\d{6}Z\.[^/]+$/;

/**
 * Creates a private directory in which one backup is made.
 *
 * @param destination the directory into which the finished backup will be renamed
 * @throws VyaError `storage`
 */
export async function makeStage(
  basePath: string,
  instance: string,
  startedAt: Date,
  destination: string,
): Promise<string> {
  const parent = await ensureDirectories(basePath, [stagingDirectory, instance]);
  await assertSameFileSystem(parent, destination);
  const path = join(parent, `${formatTimestamp(startedAt)}-${randomBytes(6).toString('hex')}`);
  await orStorageError(`make the directory ${path}`, () => makePrivate(path));
  return path;
}

/** A rename is only atomic within one file system: looked at before the dump, not after hours of it. */
async function assertSameFileSystem(staging: string, destination: string): Promise<void> {
  const [from, to] = await orStorageError(`look at ${destination}`, () =>
    Promise.all([stat(staging), stat(destination)]),
  );
  if (from.dev === to.dev) return;
  throw new VyaError('storage', `${destination} is on another file system than ${staging}`, {
    hint: 'Keep the whole storage tree on one volume: a backup is moved into its place whole.',
  });
}

/**
 * Removes what runs left behind that were killed while they backed up an instance. Whoever holds the instance's lock knows
 * that none of them still runs. What vya did not write stays, and so does what cannot be removed.
 *
 * @returns warnings
 * @throws VyaError `unexpected` without the instance's lock, `storage`
 */
export async function cleanStaging({ basePath, lock }: { basePath: string; lock: Lock }): Promise<string[]> {
  if (lock.scope.kind !== 'instance') throw new VyaError('unexpected', 'Staging needs the instance’s lock');
  assertCovers(lock, lock.scope);
  const { instance } = lock.scope;
  const parent = join(basePath, stagingDirectory, instance);
  const warnings: string[] = [];
  await orStorageError(`clean ${parent}`, async () => {
    const there =
      (await isRealDirectory(join(basePath, stagingDirectory))) && (await isRealDirectory(parent));
    for (const entry of there ? await readdir(parent, { withFileTypes: true }) : []) {
      const path = join(parent, entry.name);
      if (!entry.isDirectory() || !stageName.test(entry.name)) warnings.push(foreign(path));
      else warnings.push(...(await removeStage(path)));
    }
  });
  return warnings;
}

/** Removes one stage and whatever vya made in it. Never throws: returns what is left, as warnings. */
export async function removeStage(stage: string): Promise<string[]> {
  const warnings: string[] = [];
  try {
    for (const name of await readdir(stage)) {
      const path = join(stage, name);
      // rm removes links and does not follow them.
      if (reservedNames.has(name) || partName.test(name)) await rm(path, { recursive: true, force: true });
      else warnings.push(foreign(path));
    }
    if (warnings.length === 0) await rmdir(stage);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') {
      warnings.push(`Cannot remove ${stage}, which a run left behind: ${(error as Error).message}`);
    }
  }
  return warnings;
}

function foreign(path: string): string {
  return `${path} was not written by vya and stays`;
}
