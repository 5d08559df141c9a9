import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface TreeEntry {
  /** Relative to the root, with `/` between its parts. */
  path: string;
  stats: Stats;
}

/** Everything below a directory, in order of the paths; links are listed and not followed. Throws system errors. */
export async function readTree(root: string): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = [];
  const visit = async (inside: string): Promise<void> => {
    for (const name of (await readdir(join(root, inside))).sort()) {
      const path = inside === '' ? name : `${inside}/${name}`;
      const stats = await lstat(join(root, path));
      entries.push({ path, stats });
      if (stats.isDirectory()) await visit(path);
    }
  };
  await visit('');
  return entries;
}
