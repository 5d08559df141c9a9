import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDirectory, removePrivateDirectory } from './private-directory.ts';

/** A file without a name: of what is in it nothing stays when vya ends, however it ends. */
export interface NamelessFile {
  /** By which this process alone opens it (proc(5)). */
  path: string;
  /** In bytes. */
  size(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Makes an empty one on the file system of a directory. Where there is no /proc, its path leads nowhere.
 *
 * @throws VyaError `failed` when the directory cannot be written
 */
export async function makeNamelessFile(parent: string): Promise<NamelessFile> {
  const directory = await makePrivateDirectory(parent);
  try {
    const file = await open(join(directory, 'nameless'), 'wx+', 0o600);
    return {
      path: `/proc/self/fd/${file.fd}`,
      size: async () => (await file.stat()).size,
      close: () => file.close(),
    };
  } finally {
    await removePrivateDirectory(directory);
  }
}
