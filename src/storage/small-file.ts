import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { VyaError } from '../errors.ts';

/** A file that was written and is not yet on the disk. */
export interface WrittenFile {
  /** Makes it survive a power loss, and closes it; again, it does nothing more. Throws system errors. */
  settle(): Promise<void>;
}

/** Creates a file, 0600 whatever the umask, and fsyncs it. Throws system errors; EEXIST for links too. */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  await (await createPrivateFile(path, content)).settle();
}

/** The same without the fsync, for those who have several to wait for. It must be settled. */
export async function createPrivateFile(path: string, content: string): Promise<WrittenFile> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const handle = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    await handle.chmod(0o600);
    await handle.writeFile(content);
  } catch (error) {
    await handle.close();
    throw error;
  }
  const sync = async (): Promise<void> => {
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  };
  let settled: Promise<void> | undefined;
  return { settle: () => (settled ??= sync()) };
}

/**
 * The text of a regular file. Synchronous: for thousands of small files that is several times faster.
 *
 * @param largest bytes
 * @throws system errors (ELOOP for a link); VyaError `storage` for what is no file, or larger than it may be
 */
export function readSmallFile(path: string, largest: number): string {
  return readSmallBytes(path, largest).toString('utf8');
}

/** The same as bytes. */
export function readSmallBytes(path: string, largest: number): Buffer {
  // O_NONBLOCK: a planted pipe without a writer would otherwise hold vya for ever.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(fd);
    if (stats.isFile() && stats.size <= largest) return readFileSync(fd);
    const what = stats.isFile()
      ? `larger (${stats.size} bytes) than any file of its kind`
      : 'not a regular file';
    throw new VyaError('storage', `${path} is ${what}`, { hint: 'Look what it is: vya did not write it.' });
  } finally {
    closeSync(fd);
  }
}
