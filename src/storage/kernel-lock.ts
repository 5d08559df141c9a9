import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { VyaError } from '../errors.ts';

export interface FlockRequest {
  /** An open file, which vya keeps: the lock lives as long as this descriptor, and no longer than vya. */
  fd: number;
  mode: 'exclusive' | 'shared';
  waitSeconds: number;
  signal: AbortSignal;
}

/** Where flock is looked for beside PATH: cron's PATH must not decide which kind of lock is taken. */
const usualPlaces = ['/usr/local/bin', '/usr/bin', '/bin', '/opt/homebrew/bin'];

/** The longest that setTimeout can wait, in milliseconds. */
const longestTimer = 2 ** 31 - 1;

/** The path of the flock program, or undefined where the machine has none. */
export async function findFlock(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const searched = [...(env['PATH'] ?? '').split(path.delimiter), ...usualPlaces].filter((directory) =>
    path.isAbsolute(directory),
  );
  for (const directory of searched) {
    const file = path.join(directory, 'flock');
    const runs = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return file;
  }
  return undefined;
}

/**
 * Locks an open file by running `flock` once on it: the lock belongs to the open file, which the child shares only while it
 * runs. Without -E and -w, so that busybox's flock does as well: its answer to a held lock is exit code 1 and silence.
 *
 * @returns whether the lock was taken; false when another holds it
 * @throws VyaError `storage` where the file system cannot lock; the signal's reason
 */
export async function flockFile(flock: string, request: FlockRequest): Promise<boolean> {
  const { fd, mode, waitSeconds, signal } = request;
  const waits = waitSeconds > 0;
  const args = [mode === 'shared' ? '-s' : '-x', ...(waits ? [] : ['-n']), '3'];
  const child = spawn(flock, args, { stdio: ['ignore', 'ignore', 'pipe', fd], env: {}, cwd: '/' });
  let gaveUp = false;
  const stop = (): void => {
    gaveUp = true;
    child.kill('SIGKILL');
  };
  const timer = waits ? setTimeout(stop, Math.min(waitSeconds * 1000, longestTimer)) : undefined;
  signal.addEventListener('abort', stop);
  try {
    const { code, stderr, error } = await ended(child);
    // Whoever gives up closes the file, so it does not matter whether the child got the lock at the last moment.
    signal.throwIfAborted();
    if (code === 0) return true;
    if (gaveUp || (code === 1 && stderr === '')) return false;
    throw new VyaError('storage', `Cannot lock a file of the storage: ${stderr || error?.message || code}`, {
      hint: 'Put the storage on a file system with locks, or mount the share with them.',
      cause: error,
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

function ended(
  child: ReturnType<typeof spawn>,
): Promise<{ code: number | null; stderr: string; error?: Error }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const stderr = (): string => Buffer.concat(chunks).toString().slice(0, 500).trim();
    child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', (error) => resolve({ code: null, stderr: stderr(), error }));
    child.once('close', (code) => resolve({ code, stderr: stderr() }));
  });
}
