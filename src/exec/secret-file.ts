import { chmod, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemCode, VyaError } from '../errors.ts';
import type { Command } from './command.ts';
import { guardDirectory, releaseDirectory } from './lifeline.ts';

/** What a program is started with once its secret has been written where only it can read it. */
export interface PreparedCommand {
  file: string;
  args: string[];
  env: Record<string, string>;
  /** Removes the secret; safe to call twice. */
  dispose(): Promise<void>;
}

/**
 * Writes the command's secret, if it has one, into a 0600 file in a 0700 directory of its own.
 * The modes are set explicitly: a umask can only take bits away, and a strange one must not make the file unreadable.
 *
 * @throws VyaError `failed` when the temporary directory cannot be written
 */
export async function prepareCommand(command: Command): Promise<PreparedCommand> {
  const args = [...command.args];
  const env = { ...command.env };
  const { secretFile } = command;
  if (!secretFile) return { file: command.file, args, env, dispose: async () => {} };

  const directory = await makePrivateDirectory();
  const dispose = async (): Promise<void> => {
    await rm(directory, { recursive: true, force: true });
    releaseDirectory(directory);
  };
  try {
    const path = join(directory, 'client');
    await writePrivateFile(path, secretFile.content);
    if ('argument' in secretFile.as) args.unshift(secretFile.as.argument + path);
    else env[secretFile.as.variable] = path;
    return { file: command.file, args, env, dispose };
  } catch (error) {
    await dispose();
    throw temporaryError(error, `write a private file for ${command.file}`);
  }
}

/**
 * A fresh 0700 directory under the system's temporary directory, which is removed even if vya is killed.
 *
 * @throws VyaError `failed` when the temporary directory cannot be written
 */
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

async function writePrivateFile(path: string, content: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}
