import { execFile } from 'node:child_process';
import { getgid, getuid } from 'node:process';
import { promisify } from 'node:util';
import { isRoot } from './cache.ts';

const nobody = 65534;

/** Servers refuse to run as root: root runs them as nobody. */
export function serverUser(): { uid: number; gid: number } {
  return isRoot ? { uid: nobody, gid: nobody } : { uid: getuid?.() ?? nobody, gid: getgid?.() ?? nobody };
}

/** The command that runs another one as the servers' user, ended by the kernel when its parent dies. */
export function asServer(command: string[]): [string, ...string[]] {
  const { uid, gid } = serverUser();
  const change = isRoot ? [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'] : [];
  return ['setpriv', ...change, '--pdeathsig', 'KILL', '--', ...command];
}

/** Runs a program as the servers' user to its end. */
export async function runAsServer(command: string[], env: Record<string, string>, input = ''): Promise<void> {
  const [file, ...args] = asServer(command);
  const running = promisify(execFile)(file, args, { cwd: '/', env, maxBuffer: 2 ** 26 });
  running.child.stdin?.on('error', () => {});
  running.child.stdin?.end(input);
  await running;
}
