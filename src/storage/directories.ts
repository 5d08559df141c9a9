import { chmod, constants, lstat, mkdir, open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode, VyaError } from '../errors.ts';
import { shellWord } from '../model/shell-word.ts';
import { orStorageError } from './failure.ts';

/**
 * Makes sure that the base of the storage is there. It is created (0700) where only its last part is missing: with more
 * missing, a volume is likely not mounted. The path up to the base is the operator's, symbolic links and all.
 *
 * @throws VyaError `storage`
 */
export async function prepareBase(basePath: string): Promise<void> {
  await orStorageError(`use the storage ${basePath}`, async () => {
    try {
      if ((await stat(basePath)).isDirectory()) return;
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      await makeBase(basePath);
      await syncDirectory(dirname(basePath));
      return;
    }
    throw new VyaError('storage', `The storage ${basePath} is not a directory`, {
      hint: 'Correct storage.base_path.',
    });
  });
}

async function makeBase(basePath: string): Promise<void> {
  try {
    await makePrivate(basePath);
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw cause;
    throw new VyaError('storage', `The storage ${basePath} does not exist, nor does the directory above it`, {
      hint: `Mount its volume, correct storage.base_path, or make it: mkdir -p -m 0700 ${shellWord(basePath)}`,
      cause,
    });
  }
}

/**
 * Makes sure that directories below the base exist, each within the one before, and returns the innermost one's path. New
 * ones are 0700 whatever the umask. A symbolic link on the way, planted or not, is refused.
 *
 * @throws VyaError `storage`
 */
export async function ensureDirectories(basePath: string, components: readonly string[]): Promise<string> {
  let path = basePath;
  for (const component of components) {
    path = join(path, component);
    await ensureDirectory(path);
  }
  return path;
}

async function ensureDirectory(path: string): Promise<void> {
  await orStorageError(`make the directory ${path}`, async () => {
    if (await isRealDirectory(path)) return;
    try {
      await makePrivate(path);
    } catch (error) {
      // Another run made it in the meantime.
      if (systemCode(error) !== 'EEXIST' || !(await isRealDirectory(path))) throw error;
    }
  });
}

/** Creates a directory that must not exist yet, 0700 whatever the umask. */
export async function makePrivate(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 });
  await chmod(path, 0o700);
}

/**
 * Whether `path` is a directory; false where there is nothing.
 *
 * @throws VyaError `storage` for a symbolic link or anything else that is no directory
 */
export async function isRealDirectory(path: string): Promise<boolean> {
  const found = await lstat(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return false;
  if (found.isDirectory()) return true;
  const what = found.isSymbolicLink() ? 'a symbolic link' : 'not a directory';
  throw new VyaError('storage', `${path} is ${what}`, {
    hint: 'Move it away: inside its storage vya uses directories of its own and follows no links.',
  });
}

/** Makes names in a directory survive a power loss. File systems that cannot do that for directories are let be. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(systemCode(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}
