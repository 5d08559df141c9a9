import type { Command } from './command.ts';

const known = new WeakMap<Command, number>();

/** Notes that a command was started as this process. */
export function noteProcess(command: Command, pid: number): void {
  known.set(command, pid);
  succeeded.delete(command);
}

const succeeded = new WeakSet<Command>();

/** Notes that the process of a command has ended with 0. */
export function noteSuccess(command: Command): void {
  succeeded.add(command);
}

/** Whether these commands have ended with 0: what they write to may go on for a while. */
export function haveSucceeded(commands: readonly Command[]): boolean {
  return commands.length > 0 && commands.every((command) => succeeded.has(command));
}

/** The processes as which these commands were started last, also those that have ended since. */
export function processIdsOf(commands: readonly Command[]): number[] {
  return commands.flatMap((command) => known.get(command) ?? []);
}
