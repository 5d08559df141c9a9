import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemCode, VyaError } from '../errors.ts';
import { storageError } from './failure.ts';

export interface SqliteLockRequest {
  /** A database file of its own: SQLite's locks and flock's do not see each other. */
  path: string;
  mode: 'exclusive' | 'shared';
  waitSeconds: number;
  signal: AbortSignal;
}

/** Milliseconds between two tries. */
const pause = 100;

/**
 * A kernel lock where the machine has no flock program: a transaction of node:sqlite, which holds fcntl locks until the
 * process ends.
 *
 * @returns what frees it, or undefined when another holds it
 * @throws VyaError `storage`; the signal's reason
 */
export async function sqliteLock(request: SqliteLockRequest): Promise<(() => void) | undefined> {
  const { path, mode, waitSeconds, signal } = request;
  createOnce(path);
  // Loaded only here: the module is marked experimental in some versions, and says so.
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(path);
  try {
    for (let waited = 0; ; waited += pause) {
      signal.throwIfAborted();
      try {
        if (mode === 'exclusive') database.exec('BEGIN EXCLUSIVE');
        else database.exec('BEGIN; SELECT count(*) FROM sqlite_master');
        return () => database.close();
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
      if (database.isTransaction) database.exec('ROLLBACK');
      if (waited >= waitSeconds * 1000) break;
      await sleep(pause, undefined, { signal }).catch(() => {});
    }
  } catch (error) {
    database.close();
    signal.throwIfAborted();
    throw new VyaError('storage', `Cannot lock ${path}: ${(error as Error).message}`, {
      hint: 'Install flock (util-linux), or put the storage on a file system with locks.',
      cause: error,
    });
  }
  database.close();
  return undefined;
}

function isBusy(error: unknown): boolean {
  const sqliteBusy = 5;
  return (error as { errcode?: unknown }).errcode === sqliteBusy;
}

/**
 * The file is there before SQLite opens it: private, and no link. One that exists is not opened: closing it again would free
 * every fcntl lock that this process holds on it.
 */
function createOnce(path: string): void {
  const { O_RDWR, O_CREAT, O_EXCL } = constants;
  try {
    closeSync(openSync(path, O_RDWR | O_CREAT | O_EXCL, 0o600));
  } catch (error) {
    if (systemCode(error) === 'EEXIST' && lstatSync(path).isFile()) return;
    throw storageError(error, `create the lock file ${path}`);
  }
}
