import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Everything below a directory, by path: type, mode, time of change and content. Empty when there is no directory. */
export async function treeOf(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const described = await Promise.all(
    entries.map(async (entry): Promise<[string, string]> => {
      const path = join(entry.parentPath, entry.name);
      const { mode, mtimeMs } = await lstat(path);
      const content = entry.isFile()
        ? createHash('sha256')
            .update(await readFile(path))
            .digest('hex')
        : '';
      return [relative(directory, path), `${mode.toString(8)} ${mtimeMs} ${content}`];
    }),
  );
  return Object.fromEntries(described.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The regular files below a directory, as absolute paths, in the order of their names. */
export async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
