import { ftruncateSync, writeSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import * as z from 'zod';
import { readSmallFile } from './small-file.ts';

const holderSchema = z.object({
  pid: z.int(),
  host: z.string(),
  command: z.string(),
  since: z.string(),
});

const largestNote = 4_096;

/** Notes in a lock file who holds it. On a full disk there is no note, but there is a lock. */
export function noteHolder(fd: number, command: string, now: Date): void {
  const note = { pid: process.pid, host: hostname(), command, since: now.toISOString() };
  try {
    ftruncateSync(fd);
    writeSync(fd, `${JSON.stringify(note)}\n`, 0);
  } catch {
    // The lock is what counts.
  }
}

export function forgetHolder(fd: number): void {
  try {
    ftruncateSync(fd);
  } catch {
    // A note without a lock misleads nobody: it is read only where the lock is held.
  }
}

/** Who holds the lock on a file, as far as can be told: ` (vya backup, process 1234 on db1, since 02:00)`, or nothing. */
export async function describeHolder(path: string): Promise<string> {
  try {
    const holder = holderSchema.parse(JSON.parse(readSmallFile(path, largestNote)));
    const text = `${holder.command}, process ${holder.pid} on ${holder.host}, since ${holder.since}`;
    // Anyone who may write the storage may write here: no control characters to the terminal.
    return ` (${text.replace(/\p{Cc}/gu, ' ').slice(0, 300)})`;
  } catch {
    const pids = await processesWithLock(path);
    return pids.length > 0 ? ` (process ${pids.join(', ')})` : '';
  }
}

/**
 * The processes of this machine that hold a lock on a file, from `/proc/<pid>/fdinfo` (proc(5)); a manifest cannot hold a
 * note. Empty where there is no /proc, or they belong to others.
 */
async function processesWithLock(path: string): Promise<number[]> {
  const entries = await readdir('/proc').catch(() => [] as string[]);
  const pids = entries.filter((entry) => /^\d+$/.test(entry));
  const holding = await Promise.all(pids.map((pid) => hasLock(pid, path).catch(() => false)));
  return pids.filter((_, index) => holding[index]).map(Number);
}

async function hasLock(pid: string, path: string): Promise<boolean> {
  for (const fd of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
    if (target !== path) continue;
    if ((await readFile(`/proc/${pid}/fdinfo/${fd}`, 'utf8')).includes('lock:')) return true;
  }
  return false;
}
