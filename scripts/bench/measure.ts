import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Run } from './results.ts';

export interface Work {
  /** A line for bash; a pipe fails with any of its programs. */
  script: string;
  env: NodeJS.ProcessEnv;
  cwd?: string;
  /** The line runs one program, whose memory is watched. */
  watched?: boolean;
}

export class WorkFailed extends Error {}

/** Milliseconds between two looks at the memory of vya. */
const LOOK_MS = 10;

/** bash counts what it and all that it waited for took, and says so when the work is done. */
const wrapper = `set -o pipefail; eval "$1" 3>&-; code=$?; times >&3; exit $code`;

/** The process groups at work: they end with the benchmark. */
const groups = new Set<number>();
let over = false;

/** Throws when the benchmark is being ended. */
export function assertGoingOn(): void {
  if (over) throw new Error('the benchmark was ended');
}

/** Ends what is at work, and lets nothing else begin. */
export function endWork(): void {
  over = true;
  for (const pid of groups) {
    try {
      process.kill(-pid, 'SIGTERM');
    } catch {
      // It has ended by itself.
    }
  }
}

/** Runs a line of shell to its end. Throws WorkFailed with its last words when it fails. */
export async function measure({ script, env, cwd, watched }: Work): Promise<Run & { stdout: string }> {
  assertGoingOn();
  const started = performance.now();
  const child = spawn('bash', ['--noprofile', '--norc', '-c', wrapper, 'bench', script], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  if (child.pid !== undefined) groups.add(child.pid);
  const memory = watched && child.pid !== undefined ? watchMemory(child.pid) : undefined;
  const ended = new Promise<{ code: number | null; wall: number }>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve({ code, wall: (performance.now() - started) / 1000 }));
  });
  try {
    const [{ code, wall }, stdout, stderr, times] = await Promise.all([
      ended,
      text(child.stdout as Readable),
      text(child.stderr as Readable),
      text(child.stdio[3] as Readable),
    ]);
    if (code !== 0) throw new WorkFailed(`ended with ${code}: ${(stderr + stdout).trim().slice(-600)}`);
    const peak = memory?.();
    return { wall, cpu: readTimes(times), stdout, ...(peak !== undefined && { peak }) };
  } finally {
    memory?.();
    if (child.pid !== undefined) groups.delete(child.pid);
  }
}

/** What bash's `times` says: user and system time of itself, then of its children, as `0m1.234s`. */
export function readTimes(said: string): number {
  let seconds = 0;
  for (const [, minutes, rest] of said.matchAll(/(\d+)m([\d.]+)s/g))
    seconds += 60 * Number(minutes) + Number(rest);
  return seconds;
}

/** Looks often at the memory of the one child that bash has; the answer is the most that was seen, in bytes. */
function watchMemory(bash: number): () => number | undefined {
  let most: number | undefined;
  let child: string | undefined;
  const timer = setInterval(() => {
    try {
      child ??= /^\d+/.exec(readFileSync(`/proc/${bash}/task/${bash}/children`, 'utf8'))?.[0];
      if (child === undefined) return;
      const kilobytes = /^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${child}/status`, 'utf8'))?.[1];
      if (kilobytes !== undefined) most = Math.max(most ?? 0, Number(kilobytes) * 1024);
    } catch {
      // Not started yet, or ended.
    }
  }, LOOK_MS);
  return () => {
    clearInterval(timer);
    return most;
  };
}
