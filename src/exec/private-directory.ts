import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemCode, VyaError } from '../errors.ts';
import { guardDirectory, releaseDirectory } from './lifeline.ts';

/**
 * A fresh 0700 directory under the system's temporary directory, or another one, which is removed even if vya is killed. The mode
 * is set explicitly: a umask can only take bits away, and a strange one must not make it unreadable.
 *
 * @throws VyaError `failed` when the temporary directory cannot be written
 */
export async function makePrivateDirectory(parent = tmpdir()): Promise<string> {
  try {
    const directory = await mkdtemp(join(parent, 'vya-'));
    guardDirectory(directory);
    await chmod(directory, 0o700);
    return directory;
  } catch (error) {
    throw temporaryError(error, 'make a private directory', parent);
  }
}

/** Where large files go for a while: where the environment says, otherwise where file-hierarchy(7) has them. Often /tmp is memory. */
export function roomyDirectory(): string {
  return process.env['TMPDIR'] ? tmpdir() : '/var/tmp';
}

/** Removes it with all that is in it. */
export async function removePrivateDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  releaseDirectory(directory);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'there is no space left',
};

/** What kept vya from writing there, with what to do about it. */
export function temporaryError(error: unknown, action: string, parent = tmpdir()): VyaError {
  const reason = reasons[systemCode(error) ?? ''] ?? (error as Error).message;
  return new VyaError('failed', `Cannot ${action} in ${parent}: ${reason}`, {
    hint: 'Make that directory, make it writable and make room in it, or set TMPDIR to another one: TMPDIR=/var/tmp vya …',
    cause: error,
  });
}
