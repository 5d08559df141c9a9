import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from './command.ts';
import { makePrivateDirectory, removePrivateDirectory, temporaryError } from './private-directory.ts';

/** What a program is started with once its secret has been written where only it can read it. */
export interface PreparedCommand {
  file: string;
  args: string[];
  env: Record<string, string>;
  /** The program has ended: its secret is removed when nobody else needs it. Safe to call twice. */
  dispose(): Promise<void>;
}

/** A secret's file, for all programs that read the same content at the same time or one after the other. */
interface SharedFile {
  /** Settles when it is written. */
  path: Promise<string>;
  users: number;
}

const files = new Map<string, SharedFile>();
let keepers = 0;

/**
 * Keeps the files of secrets while `work` is under way, so that programs that are started one after the other with the same
 * secret share one file. It removes them at the end, whatever happens.
 */
export async function keepingSecretFiles<T>(work: () => Promise<T>): Promise<T> {
  keepers += 1;
  try {
    return await work();
  } finally {
    keepers -= 1;
    await removeUnused();
  }
}

/**
 * Makes a command ready to be started: its secret, if it has one, is in a file that only its user can read.
 *
 * @throws VyaError `failed` when the temporary directory cannot be written
 */
export async function prepareCommand(command: Command): Promise<PreparedCommand> {
  const args = [...command.args];
  const env = { ...command.env };
  const { secretFile } = command;
  if (!secretFile) return { file: command.file, args, env, dispose: async () => {} };
  const { path, dispose } = await useFile(secretFile.content, command.file);
  if ('argument' in secretFile.as) args.unshift(secretFile.as.argument + path);
  else env[secretFile.as.variable] = path;
  return { file: command.file, args, env, dispose };
}

async function useFile(content: string, reader: string): Promise<{ path: string; dispose(): Promise<void> }> {
  const known = files.get(content);
  const file = known ?? { path: writeSecret(content, reader), users: 0 };
  files.set(content, file);
  file.users += 1;
  const path = await file.path.catch(() => {});
  if (path !== undefined && (!known || existsSync(path))) {
    const dispose = once(async () => {
      file.users -= 1;
      await removeUnused();
    });
    return { path, dispose };
  }
  // It could not be written, or somebody cleaned the temporary directory up: it serves nobody any more.
  if (files.get(content) === file) files.delete(content);
  await file.path;
  return useFile(content, reader);
}

async function removeUnused(): Promise<void> {
  if (keepers > 0) return;
  const unused = [...files].filter(([, { users }]) => users === 0);
  for (const [content] of unused) files.delete(content);
  await Promise.all(unused.map(async ([, { path }]) => removePrivateDirectory(dirname(await path))));
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= action());
}

async function writeSecret(content: string, reader: string): Promise<string> {
  const directory = await makePrivateDirectory();
  try {
    const path = join(directory, 'client');
    await writePrivateFile(path, content);
    return path;
  } catch (error) {
    await removePrivateDirectory(directory);
    throw temporaryError(error, `write a private file for ${reader}`);
  }
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
