import { asVyaError } from '../errors.ts';
import type { BackupEntry } from './backup-entry.ts';
import { orStorageError } from './failure.ts';
import { readTree } from './tree.ts';

/**
 * Whether every file that a backup's manifest names is there with its size: a look at the directory, no reading. What was cut
 * or deleted since must not pass for a backup where others are deleted because of it (F33).
 *
 * @returns what is wrong, in words; undefined when nothing is, or when the backup is not complete anyway. Never throws.
 */
export async function damageOf({ path, summary }: BackupEntry): Promise<string | undefined> {
  if (!summary) return undefined;
  try {
    const tree = await orStorageError(`read ${path}`, () => readTree(path));
    const sizes = new Map(
      tree.flatMap(({ path: name, stats }) => (stats.isFile() ? [[name, stats.size]] : [])),
    );
    for (const file of summary.files) {
      const size = sizes.get(file.path);
      if (size === undefined) return `${path} is damaged: it lacks ${file.path}`;
      if (size !== file.size) {
        return `${path} is damaged: ${file.path} has ${size} bytes instead of ${file.size}`;
      }
    }
    return undefined;
  } catch (error) {
    return asVyaError(error).message;
  }
}
