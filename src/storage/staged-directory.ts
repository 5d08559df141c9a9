import { createHash } from 'node:crypto';
import { chmodSync, closeSync, constants, fstatSync, fsync, openSync, readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { VyaError } from '../errors.ts';
import { checksumFile, type FileDigest } from './checksum.ts';
import { isRealDirectory, syncDirectory } from './directories.ts';
import { orStorageError } from './failure.ts';
import type { FollowedDirectory } from './followed-directory.ts';
import type { ChecksumAlgorithm } from './layout.ts';
import { mapLimited } from './limited.ts';
import type { FileEntry } from './manifest.ts';
import { readTree, type TreeEntry } from './tree.ts';

/** Files that are synced at once: the disk writes several in one go. */
const atOnce = 8;
/** Bytes up to which a file is read in one go. */
const smallFile = 64 * 1024;
const syncFile = promisify(fsync);

export interface AdoptOptions {
  signal?: AbortSignal | undefined;
  /** What followed the program; it is stopped. */
  following?: FollowedDirectory | undefined;
}

/**
 * Takes over a directory that a client program wrote: modes 0600 and 0700, a checksum for each file, all of it on the disk.
 *
 * @param name the directory, relative to `root`
 * @returns its files with paths relative to `root`
 * @throws VyaError `failed` when it is missing or empty, `storage`; the signal's reason
 */
export async function adoptDirectory(
  root: string,
  name: string,
  algorithm: ChecksumAlgorithm,
  { signal, following }: AdoptOptions = {},
): Promise<FileEntry[]> {
  await following?.stop();
  const directory = join(root, name);
  return orStorageError(`write ${directory} to the disk`, async () => {
    const entries = (await isRealDirectory(directory)) ? await readTree(directory) : [];
    const files = entries.filter(({ stats }) => stats.isFile());
    if (files.length === 0) {
      throw new VyaError('failed', `The dump wrote nothing into ${name}`, {
        hint: 'Run again with --verbose to see what the client program says.',
      });
    }
    const directories = entries.filter(({ stats }) => stats.isDirectory()).map(({ path }) => path);
    if (files.length + directories.length < entries.length) throw strangerError(name, entries);

    for (const each of ['', ...directories]) await chmod(join(directory, each), 0o700);
    const digests = await mapLimited(files, atOnce, async ({ path }) => {
      const absolute = join(directory, path);
      const small = await settle(absolute, algorithm);
      signal?.throwIfAborted();
      const digest =
        small ?? (await following?.finish(path)) ?? (await checksumFile(absolute, algorithm, { signal }));
      return { path: `${name}/${path}`, ...digest };
    });
    for (const each of ['', ...directories]) await syncDirectory(join(directory, each));
    return digests;
  });
}

/**
 * Brings a file to the disk, and answers with the checksum of a small one, which costs nothing beside that. What is done without
 * waiting for the disk is done synchronously: for the many files of many small databases that is several times faster.
 */
async function settle(path: string, algorithm: ChecksumAlgorithm): Promise<FileDigest | undefined> {
  // Before it is opened: a strange umask may have left a file that its owner cannot read.
  chmodSync(path, 0o600);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    await syncFile(fd);
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size > smallFile) return undefined;
    const content = readFileSync(fd);
    return { size: content.length, checksum: createHash(algorithm).update(content).digest('hex') };
  } finally {
    closeSync(fd);
  }
}

function strangerError(name: string, entries: readonly TreeEntry[]): VyaError {
  const stranger = entries.find(({ stats }) => !stats.isFile() && !stats.isDirectory());
  return new VyaError('storage', `${name}/${stranger?.path} is neither a file nor a directory`, {
    hint: 'Someone else writes into the storage; see who can, then run again.',
  });
}
