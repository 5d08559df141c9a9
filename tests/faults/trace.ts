import { execFile, spawnSync } from 'node:child_process';
import { access, constants, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { env } from 'node:process';
import { isDebian } from '../servers/debian.ts';
import { localTools } from '../servers/programs.ts';

/** strace, where it is there or can be fetched and may trace; otherwise undefined, said aloud. */
export const strace: string | undefined = await findStrace();

export interface Traced {
  /** As a shell counts: 128 and the signal's number when a signal ended it. */
  code: number;
  stdout: string;
  stderr: string;
  /** Whether there was an nth call to strike. The program may have got over it. */
  struck: boolean;
}

/**
 * Runs a program whose nth system call of one kind fails, or is its last.
 *
 * @param fault `error=EIO`, `signal=KILL`: as strace's `-e inject` wants it
 */
export async function runWithFault(
  { call, nth, fault }: { call: string; nth: number; fault: string },
  command: readonly string[],
  environment: Record<string, string>,
): Promise<Traced> {
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:${fault}:when=${nth}`];
  const folder = await mkdtemp(join(tmpdir(), 'vya-trace-'));
  const trace = join(folder, 'calls');
  const args = ['-f', '-qq', '-o', trace, ...inject, ...command];
  // strace counts for each thread: with one thread for files, the nth call is the nth.
  const options = { env: { ...environment, UV_THREADPOOL_SIZE: '1' } };
  const ended = await new Promise<Omit<Traced, 'struck'>>((resolve) => {
    execFile(strace as string, args, options, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 137) : 0;
      resolve({ code, stdout, stderr });
    });
  });
  const calls = await readFile(trace, 'utf8');
  await rm(folder, { recursive: true });
  return { ...ended, struck: ended.code !== 0 || calls.includes('(INJECTED)') };
}

async function findStrace(): Promise<string | undefined> {
  const found = (await onPath('strace')) ?? (await fetched());
  const probe = found && spawnSync(found, ['-qq', '-o', '/dev/null', '-e', 'inject=fsync:error=EIO', 'true']);
  if (probe && probe.status === 0) return found;
  const reason = probe ? 'strace may not trace here' : 'there is no strace';
  process.stderr.write(`\nNOT TESTED HERE: system calls that fail; ${reason}\n\n`);
  return undefined;
}

async function onPath(name: string): Promise<string | undefined> {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return path;
  }
  return undefined;
}

async function fetched(): Promise<string | undefined> {
  if (!(await isDebian())) return undefined;
  return localTools().then(
    (folder) => join(folder, 'strace'),
    () => undefined,
  );
}
