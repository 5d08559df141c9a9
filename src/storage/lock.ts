import { closeSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode, VyaError } from '../errors.ts';
import { ensureDirectories } from './directories.ts';
import { findFlock, flockFile } from './kernel-lock.ts';
import { isStillThere, lockFileOf, locksDirectory, openLockFile } from './lock-file.ts';
import { describeHolder, forgetHolder, noteHolder } from './lock-holder.ts';
import { describeScope, type LockScope, scopeHash } from './lock-scope.ts';
import { sqliteLock } from './sqlite-lock.ts';

export interface LockRequest {
  basePath: string;
  scope: LockScope;
  mode: 'exclusive' | 'shared';
  /** How long to wait for others, in seconds; 0 gives up at once. */
  waitSeconds: number;
  /** Told to those who find it locked, e.g. `vya backup`. No secrets. */
  command: string;
  now: Date;
  /** For finding flock (PATH). */
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

/** A lock that the kernel frees when vya ends, however it ends. */
export interface Lock {
  readonly scope: LockScope;
  readonly mode: 'exclusive' | 'shared';
  /** Frees it; does nothing the second time. Never throws. */
  release(): Promise<void>;
}

/**
 * Takes a lock, or waits for it.
 *
 * @throws VyaError `locked` naming the holder, `storage`, `not-found` for a backup that is gone; the signal's reason
 */
export async function acquireLock(request: LockRequest): Promise<Lock> {
  const { basePath, scope, mode, signal } = request;
  const path = await lockFileOf(basePath, scope);
  for (;;) {
    signal.throwIfAborted();
    const fd = openLockFile(path, scope, mode);
    let free: (() => void) | undefined;
    try {
      free = await lockOpenFile(request, fd);
      if (free === undefined) throw await lockedError(scope, path);
      if (isStillThere(fd, path)) return heldLock(request, fd, free);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    // Removed or replaced while it was waited for: once more, on the file that is there now.
    free();
    closeSync(fd);
  }
}

/** What frees the lock beside closing the file, or undefined when another holds it. */
async function lockOpenFile(request: LockRequest, fd: number): Promise<(() => void) | undefined> {
  const flock = await findFlock(request.env);
  if (flock !== undefined) return (await flockFile(flock, { ...request, fd })) ? () => {} : undefined;
  try {
    const directory = await ensureDirectories(request.basePath, [locksDirectory]);
    const path = join(directory, `@${scopeHash(request.scope)}.sqlite`);
    return await sqliteLock({ ...request, path });
  } catch (error) {
    // Reading a backup on read-only storage: nothing there can be removed under the reader either.
    const readOnly = systemCode((error as Error).cause) === 'EROFS';
    if (request.mode === 'shared' && readOnly) return () => {};
    throw error;
  }
}

function heldLock({ scope, mode, command, now }: LockRequest, fd: number, free: () => void): Lock {
  const hasNote = scope.kind !== 'backup' && mode === 'exclusive';
  if (hasNote) noteHolder(fd, command, now);
  let held = true;
  const release = async (): Promise<void> => {
    if (!held) return;
    held = false;
    if (hasNote) forgetHolder(fd);
    closeSync(fd);
    free();
  };
  return { scope, mode, release };
}

async function lockedError(scope: LockScope, path: string): Promise<VyaError> {
  const holder = await describeHolder(await realpath(path).catch(() => path));
  return new VyaError('locked', `Another run of vya holds ${describeScope(scope)}${holder}`, {
    hint: 'Wait until it has ended, or use --wait SECONDS to let vya wait.',
  });
}
