import { Command } from '@commander-js/extra-typings';
import { severalOption } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { openSetup } from '../setup.ts';

export function statusCommand(context: CliContext) {
  return new Command('status')
    .addOption(severalOption('--instance <id>', 'only this instance'))
    .addHelpText('after', examples)
    .action(async ({ instance }, command) => {
      const setup = await openSetup(context, command);
      const { readStatus } = await import('../status-report.ts');
      const { statusOutcome } = await import('../output/status.ts');
      setup.instances(instance);
      context.finish(statusOutcome(await readStatus(setup, instance), context.now()));
    });
}

const examples = `
Examples:
  vya status
  vya status --instance prod
  vya status --format json | jq '.databases[] | select(.standing == "current") | [.database, .lastGood.takenAt]'

No server is asked: this is what the storage holds. NEXT TO GO is the backup that retention will delete first, if backups go on
as they came.`;
