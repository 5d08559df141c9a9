import { VyaError } from '../errors.ts';
import type { Command } from './command.ts';
import { describeEnd, type Ended } from './program.ts';

/** Which program of a pipe failed by itself, and how. */
export class ProgramFailure extends VyaError {
  readonly command: Command;
  readonly ended: Ended;

  constructor(command: Command, name: string, ended: Ended) {
    super('failed', describeEnd(name, ended));
    this.command = command;
    this.ended = ended;
  }
}
