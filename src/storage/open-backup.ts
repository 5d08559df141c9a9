import { lstat, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode, VyaError } from '../errors.ts';
import { storageError } from './failure.ts';
import type { Manifest, StoredPartEntry } from './manifest.ts';
import { readManifest } from './manifest-file.ts';
import { pathInside } from './safe-path.ts';

/** A backup with its whole manifest, from the storage tree or from anywhere else. */
export interface OpenBackup {
  /** Absolute path of its directory, without symbolic links. */
  path: string;
  manifest: Manifest;
}

/**
 * Opens a backup by the path of its directory, or of a file in it.
 *
 * @throws VyaError `not-found`, `verification`, `storage`
 */
export async function openBackup(path: string): Promise<OpenBackup> {
  const directory = await directoryAt(path);
  return { path: directory, manifest: await readManifest(directory) };
}

/**
 * The absolute path of a part, which is known to lie inside the backup and to be what its format says.
 *
 * @throws VyaError `verification`
 */
export async function partPath(backup: OpenBackup, part: StoredPartEntry): Promise<string> {
  return pathInside(backup.path, part.path, part.format === 'pg-directory' ? 'directory' : 'file');
}

async function directoryAt(path: string): Promise<string> {
  try {
    const real = await realpath(path);
    return (await lstat(real)).isDirectory() ? real : dirname(real);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') {
      throw new VyaError('not-found', `There is nothing at ${path}`, {
        hint: 'Give the path of a backup’s directory: the one that holds manifest.json.',
        cause: error,
      });
    }
    throw storageError(error, `open ${path}`);
  }
}
