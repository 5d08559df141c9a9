import { randomBytes } from 'node:crypto';
import { constants, mkdir, open, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode, VyaError } from '../errors.ts';

/**
 * The text of a file that only its owner may read and write, or undefined where there is none. The checks are made on the
 * opened file, so that nobody can exchange it in between. `what` names it in messages.
 *
 * @throws VyaError `credentials`
 */
export async function readPrivateFile(
  path: string,
  what: string,
  options: { followLinks: boolean },
): Promise<string | undefined> {
  let file: FileHandle | undefined;
  try {
    // O_NONBLOCK: opening a named pipe would wait for ever.
    const noFollow = options.followLinks ? 0 : constants.O_NOFOLLOW;
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | noFollow);
    const { mode } = await requireRegular(file, path, what);
    if (mode & 0o077) {
      throw new VyaError(
        'credentials',
        `${what} ${path} is open to others than its owner (mode ${(mode & 0o7777).toString(8).padStart(4, '0')})`,
        { hint: `chmod 600 ${path}` },
      );
    }
    return await file.readFile('utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw asCredentialsError(error, path, what, 'read');
  } finally {
    await file?.close();
  }
}

/**
 * Replaces a file whole or not at all, with mode 0600: a new file beside it, fsynced, renamed over it, directory fsynced.
 * Missing directories are made with mode 0700. A file that root replaces keeps its owner, and a new one gets its directory's.
 *
 * @throws VyaError `credentials`
 */
export async function writePrivateFile(path: string, content: string, what: string): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await tightenDirectory(directory);
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await keepOwner(file, path);
        await file.chmod(0o600);
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await unlink(temporary).catch(() => {});
      throw error;
    }
    await syncDirectory(directory);
  } catch (error) {
    throw asCredentialsError(error, path, what, 'written');
  }
}

/**
 * Refuses a directory in which others could exchange the file.
 *
 * @throws VyaError `credentials`
 */
export async function requirePrivateDirectory(directory: string): Promise<void> {
  const { mode } = await stat(directory);
  if (mode & 0o022) {
    throw new VyaError('credentials', `The directory ${directory} is writable by others than its owner`, {
      hint: `chmod 700 ${directory}`,
    });
  }
}

/** A directory that is there for secrets alone is closed to others, as git or umask may have left it open. */
async function tightenDirectory(directory: string): Promise<void> {
  const { mode } = await stat(directory);
  if (mode & 0o077 && /^\.?secrets$/.test(basename(directory))) {
    const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    // Only its owner can; whether it may stay as it is, is decided below.
    await handle.chmod(0o700).catch(() => {});
    await handle.close();
  }
  await requirePrivateDirectory(directory);
}

async function keepOwner(file: FileHandle, path: string): Promise<void> {
  const before = await stat(path).catch(() => (process.getuid?.() === 0 ? stat(dirname(path)) : undefined));
  const now = await file.stat();
  if (before && (before.uid !== now.uid || before.gid !== now.gid)) await file.chown(before.uid, before.gid);
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function requireRegular(file: FileHandle, path: string, what: string): Promise<{ mode: number }> {
  const found = await file.stat();
  if (found.isFile()) return found;
  throw new VyaError('credentials', `${what} ${path} is not a regular file`, {
    hint: 'Name a regular file.',
  });
}

function asCredentialsError(error: unknown, path: string, what: string, verb: string): VyaError {
  if (error instanceof VyaError) return error;
  const code = systemCode(error) ?? (error instanceof Error ? error.message : String(error));
  const known: Record<string, [string, string]> = {
    ELOOP: ['is a symbolic link', `Put the file itself there: vya does not follow links to secrets.`],
    EACCES: [
      `cannot be ${verb}: permission denied`,
      `Run vya as the owner of ${path}, or give it to the user that runs vya.`,
    ],
  };
  const [problem, hint] = known[code] ?? [
    `cannot be ${verb} (${code})`,
    `Look at ${dirname(path)}: space, permissions, mounts.`,
  ];
  return new VyaError('credentials', `${what} ${path} ${problem}`, { hint, cause: error });
}
