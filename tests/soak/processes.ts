import { readdirSync, readFileSync } from 'node:fs';

/** The ids of all processes below one, from the machine's own table. */
export function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    const parent = parentOf(name);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found: number[] = [];
  for (const next of [pid]) collect(next);
  return found;

  function collect(parent: number): void {
    for (const child of children.get(parent) ?? []) {
      found.push(child);
      collect(child);
    }
  }
}

function parentOf(pid: string): number | undefined {
  try {
    // The name in parentheses may hold anything.
    return Number(
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')[1],
    );
  } catch {
    return undefined;
  }
}

/** Sends a signal; false when the process had ended already. */
export function strike(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
