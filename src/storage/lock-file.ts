import { closeSync, constants, fchmodSync, fstatSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode, VyaError } from '../errors.ts';
import { ensureDirectories } from './directories.ts';
import { storageError } from './failure.ts';
import { componentsOf, manifestName, type Place } from './layout.ts';
import type { LockScope } from './lock-scope.ts';

export const locksDirectory = '.locks';

/**
 * The file whose lock stands for a scope. Instances and databases have files in `<base>/.locks` that are never removed; a
 * backup is locked by its manifest, so that one on read-only or foreign storage can be held as well.
 *
 * @throws VyaError `storage`
 */
export async function lockFileOf(basePath: string, scope: LockScope): Promise<string> {
  if (scope.kind === 'backup') return join(scope.path, manifestName);
  const instance = scope.kind === 'instance' ? scope.instance : scope.place.instance;
  const directory = await ensureDirectories(basePath, [locksDirectory, instance]);
  // No database's escaped name begins with '@'.
  return join(directory, scope.kind === 'instance' ? '@instance' : componentsOf(scope.place)[1]);
}

/**
 * Opens a lock file. The descriptor is a bare number: a FileHandle that is forgotten would be closed, and the lock with it.
 *
 * @throws VyaError `storage`; `not-found` for a backup that is gone
 */
export function openLockFile(path: string, scope: LockScope, mode: 'exclusive' | 'shared'): number {
  const { O_RDONLY, O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const isBackup = scope.kind === 'backup';
  // Network file systems want a file that is open for writing for an exclusive lock; a manifest is never written to.
  const access = isBackup ? (mode === 'exclusive' ? O_RDWR : O_RDONLY) : O_RDWR | O_CREAT;
  try {
    const fd = openSync(path, access | O_NOFOLLOW | O_NONBLOCK, 0o600);
    try {
      assertRegular(fd, path);
      if (!isBackup) makePrivate(fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    return fd;
  } catch (error) {
    if (isBackup && systemCode(error) === 'ENOENT') {
      throw new VyaError('not-found', `The backup ${scope.id} is not there any more`, {
        hint: 'vya list shows what can be restored.',
        cause: error,
      });
    }
    throw storageError(error, `open the lock file ${path}`);
  }
}

/** Creates the lock file of a place ahead of time, so that retention can lock it on a full disk. Throws VyaError `storage`. */
export async function prepareLockFile(basePath: string, place: Place): Promise<void> {
  const scope = { kind: 'database', place } as const;
  closeSync(openLockFile(await lockFileOf(basePath, scope), scope, 'exclusive'));
}

/** Whether `path` still names the open file. A lock on a file that was removed meanwhile excludes nobody. */
export function isStillThere(fd: number, path: string): boolean {
  try {
    const [open, named] = [fstatSync(fd, { bigint: true }), statSync(path, { bigint: true })];
    return open.ino === named.ino && open.dev === named.dev;
  } catch {
    return false;
  }
}

function assertRegular(fd: number, path: string): void {
  if (fstatSync(fd).isFile()) return;
  throw new VyaError('storage', `The lock file ${path} is not a regular file`, { hint: 'Remove it.' });
}

/** 0600 whatever the umask was when it was created; another user's lock file stays as it is. */
function makePrivate(fd: number): void {
  const { mode, uid } = fstatSync(fd);
  if ((mode & 0o777) !== 0o600 && uid === process.geteuid?.()) fchmodSync(fd, 0o600);
}
