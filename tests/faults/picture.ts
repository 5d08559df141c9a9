import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** The backups of a storage tree: by directory, the digest of every file by its path. */
export type Picture = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** What may come and go beside a backup without changing it. */
const marks = new Set(['pin.json', 'proof.json']);

/**
 * Takes a picture of every whole backup below a base path. On purpose it knows nothing of vya's own code: a backup is a
 * directory with a manifest, outside of the hidden directories. A base path that does not exist holds none.
 */
export async function pictureOf(basePath: string): Promise<Picture> {
  const picture = new Map<string, Map<string, string>>();
  for (const directory of await backupsBelow(basePath)) {
    const files = new Map<string, string>();
    for (const path of await filesBelow(directory)) {
      if (!marks.has(relative(directory, path))) files.set(relative(directory, path), await digestOf(path));
    }
    picture.set(relative(basePath, directory), files);
  }
  return picture;
}

/** The backups of the picture that are gone, or of which a file is gone or another than it was. */
export async function lostSince(before: Picture, basePath: string): Promise<string[]> {
  const lost: string[] = [];
  for (const [id, files] of before) {
    const kept = await Promise.all(
      [...files].map(async ([path, digest]) => {
        return (await digestOf(join(basePath, id, path)).catch(() => undefined)) === digest;
      }),
    );
    if (!kept.every(Boolean)) lost.push(id);
  }
  return lost;
}

async function backupsBelow(directory: string): Promise<string[]> {
  const entries = await entriesOf(directory);
  if (entries.some(({ name }) => name === 'manifest.json')) return [directory];
  const inner = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  return (await Promise.all(inner.map(({ name }) => backupsBelow(join(directory, name))))).flat();
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await entriesOf(directory);
  const paths = entries.map(async (entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
  return (await Promise.all(paths)).flat();
}

async function entriesOf(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function digestOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
