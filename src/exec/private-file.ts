import { chmod, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemCode, VyaError } from '../errors.ts';
import { guardDirectory, releaseDirectory } from './lifeline.ts';

/**
 * Writes a 0600 file into a fresh 0700 directory of its own, which is removed even if vya is killed. The modes are set
 * explicitly: a umask can only take bits away, and a strange one must not make the file unreadable.
 *
 * @param reader the program that it is for, to be named in an error
 * @returns its path
 * @throws VyaError `failed` when the temporary directory cannot be written
 */
export async function writePrivateFile(content: string, reader: string): Promise<string> {
  const directory = await makePrivateDirectory();
  try {
    const path = join(directory, 'client');
    await writeNew(path, content);
    return path;
  } catch (error) {
    await removePrivateDirectory(directory);
    throw temporaryError(error, `write a private file for ${reader}`);
  }
}

/** Removes such a file with its directory. */
export async function removePrivateFile(path: string): Promise<void> {
  await removePrivateDirectory(dirname(path));
}

async function removePrivateDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  releaseDirectory(directory);
}

async function makePrivateDirectory(): Promise<string> {
  try {
    const directory = await mkdtemp(join(tmpdir(), 'vya-'));
    guardDirectory(directory);
    await chmod(directory, 0o700);
    return directory;
  } catch (error) {
    throw temporaryError(error, 'make a private directory');
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'there is no space left',
};

function temporaryError(error: unknown, action: string): VyaError {
  const reason = reasons[systemCode(error) ?? ''] ?? (error as Error).message;
  return new VyaError('failed', `Cannot ${action} in ${tmpdir()}: ${reason}`, {
    hint: 'Make that directory, make it writable and make room in it, or set TMPDIR to another one: TMPDIR=/var/tmp vya …',
    cause: error,
  });
}

async function writeNew(path: string, content: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}
