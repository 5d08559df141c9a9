import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BackupEntry } from './backup-entry.ts';
import { storageError } from './failure.ts';

/**
 * Whether every file that a backup's manifest names is there with its size: a look at the directory, no reading. What was cut
 * or deleted since must not pass for a backup where others are deleted because of it (F33). Synchronous: for thousands of
 * backups that is several times faster.
 *
 * @returns what is wrong, in words; undefined when nothing is, or when the backup is not complete anyway. Never throws.
 */
export function damageOf({ path, summary }: BackupEntry): string | undefined {
  if (!summary) return undefined;
  const directories = new Map([['.', true]]);
  try {
    for (const file of summary.files) {
      const size = sizeOf(path, file.path, directories);
      if (size === undefined) return `${path} is damaged: it lacks ${file.path}`;
      if (size !== file.size) {
        return `${path} is damaged: ${file.path} has ${size} bytes instead of ${file.size}`;
      }
    }
    return undefined;
  } catch (error) {
    return storageError(error, `look into ${path}`).message;
  }
}

/** The bytes of a regular file below `root`; undefined where there is none. Links are not followed, also not on the way to it. */
function sizeOf(root: string, path: string, directories: Map<string, boolean>): number | undefined {
  if (!isRealDirectory(root, dirname(path), directories)) return undefined;
  const stats = lstatSync(join(root, path), { throwIfNoEntry: false });
  return stats?.isFile() ? stats.size : undefined;
}

function isRealDirectory(root: string, path: string, known: Map<string, boolean>): boolean {
  const before = known.get(path);
  if (before !== undefined) return before;
  const isReal =
    isRealDirectory(root, dirname(path), known) &&
    (lstatSync(join(root, path), { throwIfNoEntry: false })?.isDirectory() ?? false);
  known.set(path, isReal);
  return isReal;
}
