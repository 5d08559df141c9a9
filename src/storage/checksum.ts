import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { VyaError } from '../errors.ts';
import { orStorageError } from './failure.ts';
import type { ChecksumAlgorithm } from './layout.ts';

const bufferSize = 1024 * 1024;
const smallBuffer = 16 * 1024;
/** Milliseconds between looks at a file that grows. Its end is looked at without a pause. */
const lookInterval = 100;

export interface FileDigest {
  /** Bytes. */
  size: number;
  /** Lower-case hexadecimal. */
  checksum: string;
}

/** A checksum that is calculated while another program still writes the file. */
export interface FollowedChecksum {
  /** To be called once the writer has closed the file: reads the rest. Throws VyaError `storage`. */
  finish(): Promise<FileDigest>;
  /** Gives up. Never throws. */
  abandon(): Promise<void>;
}

/**
 * Follows a file that grows at its end. What was just written is still in memory, so this costs no reading from the disk and
 * a third of what a checksum in the pipe would; the file is never watched, only read on.
 */
export function followChecksum(path: string, algorithm: ChecksumAlgorithm): FollowedChecksum {
  const wake = new AbortController();
  let state: 'growing' | 'closed' | 'abandoned' = 'growing';
  const running = orStorageError(`read ${path}`, () =>
    digest(path, algorithm, async () => {
      if (state !== 'growing') return 'over';
      await sleep(lookInterval, undefined, { signal: wake.signal }).catch(() => {});
      return 'look again';
    }),
  );
  // Whoever finishes hears of a failure; until then it must not end the process.
  running.catch(() => {});
  return {
    finish() {
      state = 'closed';
      wake.abort();
      return running;
    },
    async abandon() {
      state = 'abandoned';
      wake.abort();
      await running.catch(() => {});
    },
  };
}

export interface ReadOptions {
  signal?: AbortSignal | undefined;
  /** Called with what was read since the last call; the memory is used again afterwards. */
  onChunk?: ((chunk: Buffer) => void) | undefined;
}

/**
 * Reads a whole file. Symbolic links, devices and pipes are refused: a stored backup holds none.
 *
 * @throws VyaError `storage`, or the signal's reason
 */
export async function checksumFile(
  path: string,
  algorithm: ChecksumAlgorithm,
  options: ReadOptions = {},
): Promise<FileDigest> {
  return orStorageError(`read ${path}`, () =>
    digest(path, algorithm, () => Promise.resolve('over' as const), options),
  );
}

async function digest(
  path: string,
  algorithm: ChecksumAlgorithm,
  atEnd: () => Promise<'over' | 'look again'>,
  { signal, onChunk }: ReadOptions = {},
): Promise<FileDigest> {
  const handle = await openRegular(path);
  try {
    const hash = createHash(algorithm);
    // Thousands of small files would otherwise keep the garbage collector busy.
    let buffer = Buffer.allocUnsafe(smallBuffer);
    let size = 0;
    // A writer that closes between the last read and the question has written before: one more read finds it.
    let over = false;
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, size);
      if (bytesRead > 0) {
        const chunk = buffer.subarray(0, bytesRead);
        hash.update(chunk);
        size += bytesRead;
        onChunk?.(chunk);
        if (bytesRead === buffer.length && bytesRead < bufferSize) buffer = Buffer.allocUnsafe(bufferSize);
      } else {
        if (over) return { size, checksum: hash.digest('hex') };
        over = (await atEnd()) === 'over';
      }
    }
  } finally {
    await handle.close();
  }
}

/**
 * Opens a file for reading that must be a regular file itself.
 *
 * @throws VyaError `storage` for devices and pipes; ELOOP for symbolic links
 */
export async function openRegular(path: string): Promise<FileHandle> {
  // O_NONBLOCK: a planted pipe without a writer would otherwise hold vya for ever.
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if ((await handle.stat()).isFile()) return handle;
    throw new VyaError('storage', `${path} is not a regular file`, {
      hint: 'Remove it: a backup holds regular files only.',
    });
  } catch (error) {
    await handle.close();
    throw error;
  }
}
