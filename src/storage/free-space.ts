import { statfs } from 'node:fs/promises';
import { orStorageError } from './failure.ts';

export interface FreeSpace {
  /** What this user may still write, in bytes: less than what is free where some is kept for root. */
  freeBytes: number;
  totalBytes: number;
}

/** The space of the file system that holds `path`. Throws VyaError `storage`. */
export async function freeSpace(path: string): Promise<FreeSpace> {
  const { bsize, bavail, blocks } = await orStorageError(`look for free space in ${path}`, () =>
    statfs(path),
  );
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}
