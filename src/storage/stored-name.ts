import { readdir } from 'node:fs/promises';
import { VyaError } from '../errors.ts';
import { orStorageError } from './failure.ts';

/**
 * Makes sure that a directory is called what it was asked for. A file system that takes `Foo` for `foo`, or é for é (SMB
 * shares, macOS), opens the one for the other: backups of two databases would lie in one directory, and only one of the
 * two would find its own.
 *
 * @param parent of the directory, which exists
 * @throws VyaError `storage`
 */
export async function assertStoredName(parent: string, component: string): Promise<void> {
  const names = await orStorageError(`read ${parent}`, () => readdir(parent));
  if (names.includes(component)) return;
  const taken = names.find((name) => foldName(name) === foldName(component));
  throw new VyaError(
    'storage',
    `The file system of ${parent} takes ${component} for ${taken ?? 'another name'}, which is there already`,
    { hint: 'Put the storage on a file system that tells upper from lower case, such as ext4 or xfs.' },
  );
}

function foldName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
