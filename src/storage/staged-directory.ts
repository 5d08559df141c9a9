import { constants } from 'node:fs';
import { chmod, open } from 'node:fs/promises';
import { join } from 'node:path';
import { VyaError } from '../errors.ts';
import { checksumFile } from './checksum.ts';
import { isRealDirectory, syncDirectory } from './directories.ts';
import { orStorageError } from './failure.ts';
import type { FollowedDirectory } from './followed-directory.ts';
import type { ChecksumAlgorithm } from './layout.ts';
import { mapLimited } from './limited.ts';
import type { FileEntry } from './manifest.ts';
import { readTree, type TreeEntry } from './tree.ts';

/** Files that are synced at once: the disk writes several in one go. */
const atOnce = 8;

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
      await settle(absolute);
      signal?.throwIfAborted();
      const digest = (await following?.finish(path)) ?? (await checksumFile(absolute, algorithm, { signal }));
      return { path: `${name}/${path}`, ...digest };
    });
    for (const each of ['', ...directories]) await syncDirectory(join(directory, each));
    return digests;
  });
}

async function settle(path: string): Promise<void> {
  await chmod(path, 0o600);
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function strangerError(name: string, entries: readonly TreeEntry[]): VyaError {
  const stranger = entries.find(({ stats }) => !stats.isFile() && !stats.isDirectory());
  return new VyaError('storage', `${name}/${stranger?.path} is neither a file nor a directory`, {
    hint: 'Someone else writes into the storage; see who can, then run again.',
  });
}
