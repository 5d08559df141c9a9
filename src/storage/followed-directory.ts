import { createHash, type Hash } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FileDigest } from './checksum.ts';
import type { ChecksumAlgorithm } from './layout.ts';

/** Milliseconds between two looks. */
const pause = 100;
/** A file that did not grow is passed over in twice as many looks as before, up to so many: most were finished long ago. */
const longestRest = 512;
/** Looks in which a file has not grown after which it is brought to the disk. */
const looksUntilSynced = 3;
const bufferSize = 1024 * 1024;
/** Buffers that are read of one file before the next one's turn. */
const readsInTurn = 64;
/** Bytes from which a file is worth following: smaller ones are read in no time at the end. */
const worthFollowing = 1024 * 1024;
/** The most files whose unfinished checksums are held in memory. */
const mostFollowed = 4_096;

/** Checksums of a directory's larger files, calculated while a program still writes them. */
export interface FollowedDirectory {
  /** Bytes that have been read so far. */
  followed(): number;
  /** Looks no more. Never throws. */
  stop(): Promise<void>;
  /**
   * Reads the rest of a file; to be called once the writer has ended and `stop` is through.
   *
   * @param name relative to the directory
   * @returns undefined for a file that was not followed, and has to be read as a whole
   */
  finish(name: string): Promise<FileDigest | undefined>;
}

interface Followed {
  hash: Hash;
  size: number;
  inode: bigint;
}

/** When a file is looked at again. */
interface Turn {
  idle: number;
  next: number;
}

/**
 * Follows a directory, which need not be there yet, whose files grow at their ends and are never written to elsewhere: so does
 * every file of pg_dump's directory format. What has stopped growing is brought to the disk meanwhile. One file is open at a time.
 */
export function followDirectory(directory: string, algorithm: ChecksumAlgorithm): FollowedDirectory {
  const files = new Map<string, Followed>();
  const turns = new Map<string, Turn>();
  const stopped = new AbortController();
  const buffer = Buffer.allocUnsafe(bufferSize);
  let total = 0;
  let round = 0;

  const follow = async (handle: FileHandle, name: string): Promise<Followed | undefined> => {
    const stats = await handle.stat({ bigint: true });
    const known = files.get(name);
    if (known) {
      if (stats.ino === known.inode && stats.size >= known.size) return known;
      throw new Error('it was replaced');
    }
    if (!stats.isFile() || stats.size < worthFollowing || files.size >= mostFollowed) return undefined;
    const file = { hash: createHash(algorithm), size: 0, inode: stats.ino };
    files.set(name, file);
    return file;
  };
  const readOn = async (handle: FileHandle, file: Followed, into: Buffer, reads: number): Promise<number> => {
    const before = file.size;
    for (let read = 0; read < reads; read += 1) {
      const { bytesRead } = await handle.read(into, 0, bufferSize, file.size);
      if (bytesRead === 0) break;
      file.hash.update(into.subarray(0, bytesRead));
      file.size += bytesRead;
      total += bytesRead;
    }
    return file.size - before;
  };
  const look = async (name: string, turn: Turn): Promise<void> => {
    const handle = await openToRead(join(directory, name));
    try {
      const file = await follow(handle, name);
      const grown = file ? await readOn(handle, file, buffer, readsInTurn) : 0;
      turn.idle = grown > 0 ? 0 : turn.idle + 1;
      turn.next = round + Math.min(2 ** turn.idle, longestRest);
      if (file && turn.idle === looksUntilSynced) await handle.datasync();
    } finally {
      await handle.close();
    }
  };
  const lookAtAll = async (): Promise<void> => {
    round += 1;
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => [] as Dirent[]);
    for (const { name } of entries.filter((entry) => entry.isFile())) {
      if (stopped.signal.aborted) return;
      const turn = turns.get(name) ?? { idle: 0, next: round };
      turns.set(name, turn);
      // Whatever is odd about a file, it is read as a whole at the end, and that reading tells.
      if (turn.next <= round) await look(name, turn).catch(() => files.delete(name));
    }
  };
  const looking = (async () => {
    while (!stopped.signal.aborted) {
      await lookAtAll();
      await sleep(pause, undefined, { signal: stopped.signal }).catch(() => {});
    }
  })();

  return {
    followed: () => total,
    async stop() {
      stopped.abort();
      await looking;
    },
    async finish(name) {
      if (!files.has(name)) return undefined;
      const handle = await openToRead(join(directory, name));
      try {
        const file = await follow(handle, name).catch(() => undefined);
        files.delete(name);
        if (!file) return undefined;
        // Several files are finished at the same time.
        await readOn(handle, file, Buffer.allocUnsafe(bufferSize), Number.POSITIVE_INFINITY);
        return { size: file.size, checksum: file.hash.digest('hex') };
      } finally {
        await handle.close();
      }
    },
  };
}

function openToRead(path: string): Promise<FileHandle> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  return open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
}
