import { lstat } from 'node:fs/promises';
import { VyaError } from '../errors.ts';
import { checksumFile } from './checksum.ts';
import { orStorageError } from './failure.ts';
import { reservedNames } from './layout.ts';
import type { FileEntry } from './manifest.ts';
import type { OpenBackup } from './open-backup.ts';
import { pathInside } from './safe-path.ts';
import { readTree } from './tree.ts';

export interface VerifyOptions {
  signal?: AbortSignal | undefined;
  /** Called with what was read of the file at this absolute path; the memory is used again afterwards. */
  onChunk?: ((chunk: Buffer, path: string) => void) | undefined;
}

/**
 * Reads every file of a backup and compares size and checksum with the manifest.
 *
 * @returns what is wrong, in words; empty when all is well
 * @throws VyaError `storage` when a file cannot be read; the signal's reason
 */
export async function verifyFiles(backup: OpenBackup, options: VerifyOptions = {}): Promise<string[]> {
  const problems: string[] = [];
  for (const file of backup.manifest.files) {
    const problem = await problemOf(backup, file, options);
    if (problem !== undefined) problems.push(problem);
  }
  return [...problems, ...(await strangersIn(backup))];
}

/**
 * What shows without reading: files that are missing, links, of another size than the manifest says, or unknown to it.
 *
 * @throws VyaError `storage`
 */
export async function lookAtFiles(backup: OpenBackup): Promise<string[]> {
  const problems: string[] = [];
  for (const file of backup.manifest.files) {
    const found = await findFile(backup, file);
    if (typeof found === 'string') problems.push(found);
    else {
      const { size } = await orStorageError(`look at ${found.path}`, () => lstat(found.path));
      if (size !== file.size) problems.push(otherSize(file, size));
    }
  }
  return [...problems, ...(await strangersIn(backup))];
}

/** pg_restore opens what a directory archive names, links and all: there may be nothing in it but what was checked. */
async function strangersIn({ path, manifest }: OpenBackup): Promise<string[]> {
  const known = new Set(manifest.files.map((file) => file.path));
  const strangers: string[] = [];
  for (const part of manifest.parts.filter(({ format }) => format === 'pg-directory')) {
    const root = await pathInside(path, part.path, 'directory').catch(() => undefined);
    // A missing directory has shown by its files.
    if (root === undefined) continue;
    const tree = await orStorageError(`read ${root}`, () => readTree(root));
    const inside = tree.map((entry) => ({ ...entry, path: `${part.path}/${entry.path}` }));
    strangers.push(
      ...inside
        .filter((entry) => !entry.stats.isDirectory() && !known.has(entry.path))
        .map((entry) => `${entry.path} is not in the manifest`),
    );
  }
  return strangers;
}

async function problemOf(
  backup: OpenBackup,
  file: FileEntry,
  { signal, onChunk }: VerifyOptions,
): Promise<string | undefined> {
  const found = await findFile(backup, file);
  if (typeof found === 'string') return found;
  const { checksumAlgorithm } = backup.manifest;
  const { size, checksum } = await checksumFile(found.path, checksumAlgorithm, {
    signal,
    onChunk: onChunk && ((chunk) => onChunk(chunk, found.path)),
  });
  if (size !== file.size) return otherSize(file, size);
  if (checksum !== file.checksum) return `${file.path} has another ${checksumAlgorithm} checksum`;
  return undefined;
}

/** The file's absolute path, or what is wrong with it. */
async function findFile({ path }: OpenBackup, file: FileEntry): Promise<{ path: string } | string> {
  try {
    return { path: await pathInside(path, file.path, 'file') };
  } catch (error) {
    if (error instanceof VyaError && error.kind === 'verification') return error.message;
    throw error;
  }
}

function otherSize(file: FileEntry, size: number): string {
  return `${file.path} has ${size} bytes instead of ${file.size}`;
}

/** Files in a backup's directory that its manifest does not name. Harmless, but not vya's. Throws VyaError `storage`. */
export async function extraFiles({ path, manifest }: OpenBackup): Promise<string[]> {
  const known = new Set(manifest.files.map((file) => file.path));
  const tree = await orStorageError(`read ${path}`, () => readTree(path));
  return tree
    .filter((entry) => !entry.stats.isDirectory() && !known.has(entry.path) && !reservedNames.has(entry.path))
    .map((entry) => entry.path);
}
