import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { CommanderError } from 'commander';
import { VyaError } from '../errors.ts';
import { shellWord } from '../model/shell-word.ts';
import { commandMeant, optionMeant } from './foreign-words.ts';

/** What commander complains about, in words that name the next thing to type. `words` are the command line's. */
export function usageError(
  error: CommanderError,
  program: CommandUnknownOpts,
  words: readonly string[],
): VyaError {
  const { name, command } = namedCommand(program, words);
  const help = name ? `vya ${name} --help shows what it takes.` : 'vya --help lists the commands.';
  const usage = (message: string, hint = help): VyaError => new VyaError('usage', message, { hint });
  // Commander's own suggestion stands on a second line: it is the next thing to type, and so the hint's.
  const [said = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const near = /^\(Did you mean (.*)\?\)$/.exec(suggestion ?? '')?.[1];
  const meant = near === undefined ? undefined : `Did you mean ${near}? ${help}`;
  switch (error.code) {
    case 'commander.help':
      return name
        ? usage(`vya ${name} is several commands: which one?`, `vya ${name} --help lists them.`)
        : usage('No command given.');
    case 'commander.unknownOption': {
      const option = withoutValue(/'(.*)'/s.exec(said)?.[1] ?? '');
      return usage(`Unknown option '${option}'`, optionMeant(option, name, takes(command)) ?? meant);
    }
    case 'commander.unknownCommand':
      return usage(sentence(said), commandMeant(/'(.*)'/s.exec(said)?.[1] ?? '') ?? meant);
    case 'commander.excessArguments': {
      const extra = command.args[command.registeredArguments.length] ?? '';
      return usage(
        `vya ${name} does not know what to do with “${extra}”`,
        placeMeant(extra, name, takes(command)),
      );
    }
  }
  return usage(sentence(said), meant);
}

/**
 * `-h` prints the help wherever it stands. With a word behind it a host was meant, as the databases' own programs take it, and a
 * script would take the help's exit code 0 for a backup. Throws VyaError `usage`.
 */
export function refuseHostOption(program: CommandUnknownOpts, words: readonly string[]): void {
  const end = words.indexOf('--');
  const at = (end < 0 ? words : words.slice(0, end)).indexOf('-h');
  const value = at < 0 ? undefined : words[at + 1];
  const { name, command } = namedCommand(program, words.slice(0, Math.max(at, 0)));
  if (!name || value === undefined || value.startsWith('-')) return;
  if (command.commands.some((each) => each.name() === value)) return;
  throw new VyaError('usage', `-h prints the help, and takes no “${value}”`, {
    hint: optionMeant('--host', name, takes(command)),
  });
}

/** As much of a command's name as stands among the words, such as `users restore`; empty where none does. */
function namedCommand(
  program: CommandUnknownOpts,
  words: readonly string[],
): { name: string; command: CommandUnknownOpts } {
  const path: string[] = [];
  let within = program;
  for (const word of words) {
    const command = within.commands.find((each) => each.name() === word);
    if (!command) continue;
    path.push(word);
    within = command;
  }
  return { name: path.join(' '), command: within };
}

function takes(command: CommandUnknownOpts): (option: string) => boolean {
  return (option) => command.options.some(({ long }) => long === option);
}

/** `--password=secret` and `-psecret` must not end up in a log or a mail. */
function withoutValue(option: string): string {
  return option.startsWith('--') ? option.replace(/=.*$/s, '') : option.slice(0, 2);
}

/** A word that stands alone is most often a database, and `mysqldump shop` the habit behind it. */
function placeMeant(word: string, command: string, has: (option: string) => boolean): string | undefined {
  const quoted = shellWord(word);
  const choice = command === 'restore' ? ' --latest' : '';
  if (/^\.{0,2}\//.test(word) && has('--file')) return `A backup's directory is named by --file ${quoted}`;
  if (word.includes('/') && has('--id')) return `A backup is named by --id ${quoted}`;
  if (has('--database')) {
    const instance = command === 'restore' ? ' --instance ID' : '';
    return `A database is named by an option: vya ${command}${instance} --database ${quoted}${choice}`;
  }
  return has('--instance')
    ? `A server is named by an option: vya ${command} --instance ${quoted}`
    : undefined;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
