import { readFileSync } from 'node:fs';
import { systemCode } from '../errors.ts';

/**
 * Sends a signal to a process group.
 *
 * The number of a group is not given to others while its leader has not been reaped, or any member lives. Once the leader
 * was (`leaderReaped`), a process of that number can only be a stranger that got it anew: then nothing is sent.
 *
 * @returns whether there was a group to send it to
 */
export function signalGroup(pgid: number, signal: NodeJS.Signals, leaderReaped: boolean): boolean {
  if (leaderReaped && exists(pgid)) return false;
  return send(-pgid, signal);
}

/**
 * When a process was started, in the kernel's own words: it tells a process from a later one of the same number. Undefined
 * where there is no /proc.
 */
export function startOf(pid: number): string | undefined {
  try {
    // The name before it, in parentheses, may hold anything (proc_pid_stat(5), fields 2 and 22).
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
  } catch {
    return undefined;
  }
}

function exists(pid: number): boolean {
  return send(pid, 0);
}

function send(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    // Not allowed: it is there, and somebody else's.
    return systemCode(error) === 'EPERM';
  }
}
