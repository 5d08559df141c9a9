import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { optionsOf, readWords } from './words.ts';

/** One word that may be completed to. */
export interface Candidate {
  word: string;
  description: string;
}

/** What the configuration and the storage know, asked only when it is needed. */
export interface Names {
  instances(): Promise<string[]>;
  databases(instance: string | undefined): Promise<string[]>;
  backups(): Promise<string[]>;
}

/** Options whose values are names, and arguments likewise; the shell completes files by itself where nothing is offered. */
const namesOf: Readonly<Record<string, (names: Names, instance: string | undefined) => Promise<string[]>>> = {
  instance: (names) => names.instances(),
  'target-instance': (names) => names.instances(),
  database: (names, instance) => names.databases(instance),
  'target-database': (names, instance) => names.databases(instance),
  id: (names) => names.backups(),
  backup: (names) => names.backups(),
};

/**
 * What may stand at the cursor.
 *
 * @param before the words between the program's name and the cursor
 * @param current the beginning of the word at the cursor
 */
export async function candidates(
  program: CommandUnknownOpts,
  before: readonly string[],
  current: string,
  names: Names,
): Promise<Candidate[]> {
  const [, flag, value] = /^(--[^=]+)=(.*)$/s.exec(current) ?? [];
  if (flag !== undefined && value !== undefined) {
    const found = await candidates(program, [...before, flag], value, names);
    return found.map(({ word, description }) => ({ word: `${flag}=${word}`, description }));
  }
  const { command, option, argument, values } = readWords(program, before);
  const offered = option
    ? await valuesOf(option, names, values.get('instance'))
    : current.startsWith('-')
      ? optionsOf(command).flatMap(({ long, description }) => (long ? [{ word: long, description }] : []))
      : await wordsOf(command, argument, names);
  return offered.filter(({ word }) => word.startsWith(current));
}

async function valuesOf(option: Option, names: Names, instance: string | undefined): Promise<Candidate[]> {
  if (option.argChoices) return option.argChoices.map((word) => ({ word, description: '' }));
  const found = (await namesOf[option.name()]?.(names, instance)) ?? [];
  return found.map((word) => ({ word, description: '' }));
}

async function wordsOf(command: CommandUnknownOpts, argument: number, names: Names): Promise<Candidate[]> {
  if (command.commands.length > 0 && argument === 0) {
    const visible = command.createHelp().visibleCommands(command);
    return visible.map((each) => ({ word: each.name(), description: each.description() }));
  }
  const expected = command.registeredArguments[argument];
  if (!expected) return [];
  if (expected.argChoices) return expected.argChoices.map((word) => ({ word, description: '' }));
  const found = (await namesOf[expected.name()]?.(names, undefined)) ?? [];
  return found.map((word) => ({ word, description: '' }));
}
