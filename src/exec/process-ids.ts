import type { Command } from './command.ts';

const known = new WeakMap<Command, number>();

/** Notes that a command was started as this process. */
export function noteProcess(command: Command, pid: number): void {
  known.set(command, pid);
}

/** The processes as which these commands were started last, also those that have ended since. */
export function processIdsOf(commands: readonly Command[]): number[] {
  return commands.flatMap((command) => known.get(command) ?? []);
}
