import { lstatSync, type Stats } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

export interface TreeEntry {
  /** Relative to the root, with `/` between its parts. */
  path: string;
  stats: Stats;
}

/** Entries that are looked at before the event loop has its turn. */
const inOneGo = 256;

/**
 * Everything below a directory, in order of the paths; links are listed and not followed. It looks at them synchronously, which is
 * several times faster where there are many. Throws system errors.
 */
export async function readTree(root: string): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = [];
  const visit = async (inside: string): Promise<void> => {
    for (const [index, name] of (await readdir(join(root, inside))).sort().entries()) {
      if (index % inOneGo === inOneGo - 1) await setImmediate();
      const path = inside === '' ? name : `${inside}/${name}`;
      const stats = lstatSync(join(root, path));
      entries.push({ path, stats });
      if (stats.isDirectory()) await visit(path);
    }
  };
  await visit('');
  return entries;
}
