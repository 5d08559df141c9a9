import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings';

/** What may stand at the cursor. */
export interface Expected {
  command: CommandUnknownOpts;
  /** The option whose value is typed; undefined: a subcommand, an option or an argument. */
  option?: Option;
  /** Which argument of the command would come next, from 0. */
  argument: number;
  /** Values that were typed before, by the long names of their options. */
  values: ReadonlyMap<string, string>;
}

/** Walks along the words before the cursor, without the program's own name. */
export function readWords(program: CommandUnknownOpts, words: readonly string[]): Expected {
  let command = program;
  let argument = 0;
  const values = new Map<string, string>();
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] as string;
    const child = command.commands.find((each) => each.name() === word);
    if (child) {
      command = child;
      argument = 0;
    } else if (word.startsWith('-')) {
      const [flag, value] = word.split(/=(.*)/s, 2);
      const option = findOption(command, flag as string);
      if (!option || option.isBoolean() || !(option.required || option.optional)) continue;
      if (value !== undefined) values.set(option.name(), value);
      else if (at + 1 === words.length) return { command, option, argument, values };
      else values.set(option.name(), words[(at += 1)] as string);
    } else {
      argument += 1;
    }
  }
  return { command, argument, values };
}

/** The command's own options, and those of every command above it. */
export function optionsOf(command: CommandUnknownOpts): Option[] {
  const options: Option[] = [];
  for (let each: CommandUnknownOpts | null = command; each; each = each.parent) {
    options.push(...each.options.filter(({ hidden }) => !hidden));
  }
  return options;
}

function findOption(command: CommandUnknownOpts, flag: string): Option | undefined {
  return optionsOf(command).find(({ long, short }) => flag === long || flag === short);
}
