import { Argument, Command } from '@commander-js/extra-typings';
import type { CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { printable } from '../output/format.ts';
import { candidates, type Candidate } from '../completion/candidates.ts';
import { storedNames } from '../completion/names.ts';
import { scripts, shells } from '../completion/scripts.ts';

export function completionCommand(context: CliContext) {
  return new Command('completion')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addHelpText('after', examples)
    .action((shell) => {
      const script = scripts[shell];
      context.finish({ code: exitCodes.success, json: { status: 'ok', code: 0, script }, text: script });
    });
}

const examples = `
Examples:
  source <(vya completion bash)
  vya completion bash > /usr/share/bash-completion/completions/vya
  vya completion zsh > /usr/share/zsh/vendor-completions/_vya
  vya completion fish > /usr/share/fish/vendor_completions.d/vya.fish`;

/** What the scripts above call; the last word is the one at the cursor. */
export function completeCommand(context: CliContext) {
  return new Command('complete')
    .argument('[words...]', 'the words after vya, up to the cursor')
    .action(async (words, _options, command) => {
      const program = command.parent;
      const current = words.at(-1) ?? '';
      const before = words.slice(0, -1);
      if (!program) return;
      takeConfig(program, before);
      // A shell that completes has no place for errors.
      const found = await candidates(program, before, current, storedNames(context, command)).catch(
        (): Candidate[] => [],
      );
      // A name with a line break cannot be one line, and would be taken for two names.
      const offered = found.filter(({ word }) => word === printable(word));
      const lines = offered.map(({ word, description }) => `${word}\t${printable(description)}`);
      context.finish({ code: exitCodes.success, json: offered, text: lines.join('\n') });
    });
}

/** The configuration that the line at the cursor names, not the one of this call. */
function takeConfig(
  program: NonNullable<ReturnType<typeof completeCommand>['parent']>,
  words: string[],
): void {
  const at = words.lastIndexOf('--config');
  if (at >= 0) program.setOptionValue('config', words[at + 1]);
}
