import { readdir, readFile } from 'node:fs/promises';

/** A process that cannot be mistaken for a later one of the same number. */
export interface Process {
  pid: number;
  parent: number;
  started: string;
}

/** Everything that a process has started, and what that has started. A zombie has ended. */
export async function descendantsOf(pid: number): Promise<Process[]> {
  const all = await processes();
  const found: Process[] = [];
  const parents = [pid];
  for (const parent of parents) {
    const children = all.filter((each) => each.parent === parent);
    found.push(...children);
    parents.push(...children.map((child) => child.pid));
  }
  return found;
}

/** Those of them that still run. */
export async function stillRunning(some: readonly Process[]): Promise<Process[]> {
  const all = await processes();
  return some.filter((one) => all.some(({ pid, started }) => pid === one.pid && started === one.started));
}

async function processes(): Promise<Process[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(names.map(describe));
  return all.filter((process) => process !== undefined);
}

async function describe(name: string): Promise<Process | undefined> {
  const stat = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '');
  const [state, parent, ...rest] = stat.replace(/^.*\) /s, '').split(' ');
  if (stat === '' || state === 'Z') return undefined;
  return { pid: Number(name), parent: Number(parent), started: rest[17] ?? '' };
}
