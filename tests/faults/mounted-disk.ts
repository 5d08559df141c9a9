import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { appendFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';

/** A real, small file system that can be filled. */
export interface SmallDisk {
  path: string;
  /** Takes all free space but so many bytes. */
  fill(butBytes?: number): Promise<void>;
  /** Gives back what `fill` took. */
  empty(): Promise<void>;
  /** Makes it read-only. */
  freeze(): void;
  unmount(): void;
}

/** Why no file system can be mounted here, or undefined when one can (root, not confined). */
export const cannotMount: string | undefined = tryMount();

/**
 * Mounts a file system in memory on a directory that is there.
 *
 * @param size bytes
 */
export function mountDisk(path: string, size: number): SmallDisk {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'vya-test', path]);
  const filler = join(path, '.filler');
  const empty = (): Promise<void> => truncate(filler).catch(() => {});
  return {
    path,
    async fill(butBytes = 0) {
      await empty();
      const { bavail, bsize } = statfsSync(path);
      await appendFile(filler, Buffer.alloc(Math.max(0, bavail * bsize - butBytes)));
    },
    empty,
    freeze: () => void execFileSync('mount', ['-o', 'remount,ro', path]),
    unmount: () => void execFileSync('umount', ['-l', path]),
  };
}

function tryMount(): string | undefined {
  const path = `/tmp/vya-mount-${process.pid}`;
  try {
    mkdirSync(path);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=65536', 'vya-test', path], { stdio: 'pipe' });
    writeFileSync(join(path, 'probe'), 'x');
    execFileSync('umount', [path]);
    return undefined;
  } catch (error) {
    return (error as Error).message.trim();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}
