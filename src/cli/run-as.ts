import { stat } from 'node:fs/promises';
import { accessSync, chownSync, constants } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { VyaError } from '../errors.ts';
import { prepareBase } from '../storage/directories.ts';

/**
 * Gives up root's rights for good, also those of the programs that are started from here on. Nothing happens where nobody is named,
 * and to whoever is not root.
 *
 * @param name `security.run_as`
 * @throws VyaError `configuration` where the system has no such user
 */
export function becomeUser(name: string | undefined, env: NodeJS.ProcessEnv): void {
  if (name === undefined || !isRoot()) return;
  const { uid, gid, homedir } = identityOf(name);
  // Node's types do not know it.
  (process as { initgroups?(user: number, group: number): void }).initgroups?.(uid, gid);
  process.setgid?.(gid);
  process.setuid?.(uid);
  Object.assign(env, { HOME: homedir, USER: name, LOGNAME: name });
  // What was root's own: its temporary directory may be closed to others.
  delete env['XDG_CONFIG_HOME'];
  if (!isUsable(tmpdir(), constants.W_OK)) delete env['TMPDIR'];
  // Programs of PostgreSQL complain where they may not be; paths that were given on the command line are known by then.
  if (!isUsable('.')) process.chdir('/');
}

/** Does something with the rights of that user, and has root's again afterwards. Throws like becomeUser. */
export async function asUser<T>(name: string | undefined, work: () => Promise<T>): Promise<T> {
  if (name === undefined || !isRoot()) return await work();
  const { uid, gid } = identityOf(name);
  process.setegid?.(gid);
  process.seteuid?.(uid);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

/** Like prepareBase; what it makes belongs to that user. */
export async function prepareBaseFor(name: string | undefined, basePath: string): Promise<void> {
  const before = await stat(basePath).catch(() => undefined);
  await prepareBase(basePath);
  if (before !== undefined || name === undefined || !isRoot()) return;
  const { uid, gid } = identityOf(name);
  chownSync(basePath, uid, gid);
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** Node looks users up by name only to become them, and tells more only of the one that it is. */
function identityOf(name: string): { uid: number; gid: number; homedir: string } {
  try {
    process.seteuid?.(name);
    return userInfo();
  } catch (cause) {
    throw new VyaError('configuration', `The system has no user ${name}, whom security.run_as names`, {
      hint: `Correct it, or make the user: adduser --system --group ${name}`,
      cause,
    });
  } finally {
    process.seteuid?.(0);
  }
}

function isUsable(directory: string, rights = 0): boolean {
  try {
    accessSync(directory, constants.X_OK | rights);
    return true;
  } catch {
    return false;
  }
}
