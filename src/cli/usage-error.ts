import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { CommanderError } from 'commander';
import { VyaError } from '../errors.ts';

/** What commander complains about, in words that name the next thing to type. `words` are the command line's. */
export function usageError(
  error: CommanderError,
  program: CommandUnknownOpts,
  words: readonly string[],
): VyaError {
  if (error.code === 'commander.help')
    return new VyaError('usage', 'No command given.', { hint: 'vya --help lists the commands.' });
  const command = namedCommand(program, words);
  const message = error.message.replace(/^error: /, '');
  return new VyaError('usage', message.charAt(0).toUpperCase() + message.slice(1), {
    hint: command ? `vya ${command} --help shows what it takes.` : 'vya --help lists the commands.',
  });
}

/** `users restore`: as much of a command's name as stands among the words; empty where none does. */
function namedCommand(program: CommandUnknownOpts, words: readonly string[]): string {
  const path: string[] = [];
  let within = program;
  for (const word of words) {
    const command = within.commands.find((each) => each.name() === word);
    if (!command) continue;
    path.push(word);
    within = command;
  }
  return path.join(' ');
}
