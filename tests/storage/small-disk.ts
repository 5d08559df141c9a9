import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { appendFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { scratchDirectory } from './scratch.ts';

/** A real, small file system that a test can fill. */
export interface SmallDisk {
  path: string;
  /** Takes all free space but so many bytes. */
  fill(butBytes?: number): Promise<void>;
  /** Gives back what `fill` took. */
  empty(): Promise<void>;
  /** Makes it read-only. */
  freeze(): void;
}

/** Why no file system can be mounted here, or undefined when one can (root, not confined). */
export const cannotMount: string | undefined = tryMount();

/**
 * Mounts a file system in memory for the length of a test.
 *
 * @param size bytes
 */
export async function smallDisk(size: number): Promise<SmallDisk> {
  const path = await scratchDirectory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'vya-test', path]);
  onTestFinished(() => void execFileSync('umount', ['-l', path]));
  const filler = join(path, '.filler');
  return {
    path,
    async fill(butBytes = 0) {
      await truncate(filler).catch(() => {});
      const { bavail, bsize } = statfsSync(path);
      await appendFile(filler, Buffer.alloc(Math.max(0, bavail * bsize - butBytes)));
    },
    empty: () => truncate(filler),
    freeze: () => void execFileSync('mount', ['-o', 'remount,ro', path]),
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
