import { PassThrough } from 'node:stream';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { CliContext } from '../src/cli/context.ts';
import { commandTable } from '../src/cli/command-table.ts';
import { buildProgram } from '../src/cli/program.ts';

/** A command as its help tells of it. */
export interface CommandHelp {
  /** `vya users restore` */
  name: string;
  description: string;
  usage: string;
  /** Its own, not those of every command. */
  options: { flags: string; description: string }[];
  /** What follows the options: examples and remarks. */
  closing: string;
  /** All of it, as `--help` prints it. */
  text: string;
}

/** The program and every command that its help shows, in the order of the help. */
export async function readCommands(): Promise<CommandHelp[]> {
  const screen = Object.assign(new PassThrough(), { columns: 100 });
  const context = { stdout: screen } as unknown as CliContext;
  const describe = (command: CommandUnknownOpts, parents: string): CommandHelp[] => {
    const name = parents === '' ? command.name() : `${parents} ${command.name()}`;
    const help = command.createHelp();
    const children = help.visibleCommands(command).filter((child) => child.name() !== 'help');
    return [readHelp(command, name, screen), ...children.flatMap((child) => describe(child, name))];
  };
  const names = commandTable.map(({ name }) => name);
  return describe(await buildProgram(context, '', names), '');
}

function readHelp(command: CommandUnknownOpts, name: string, screen: PassThrough): CommandHelp {
  command.outputHelp();
  const text = String(screen.read()).trimEnd();
  const help = command.createHelp();
  return {
    name,
    description: command.description(),
    usage: help.commandUsage(command),
    options: help
      .visibleOptions(command)
      .map((option) => ({ flags: option.flags, description: help.optionDescription(option) })),
    closing: text.slice(command.helpInformation().trimEnd().length).trim(),
    text,
  };
}
