import { Command } from '@commander-js/extra-typings';
import { severalOption } from '../arguments.ts';
import type { CliContext, Outcome } from '../context.ts';
import { openSetup } from '../setup.ts';

export function healthCommand(context: CliContext) {
  return new Command('health')
    .addOption(severalOption('--instance <id>', 'only this instance'))
    .addHelpText('after', examples)
    .action(async ({ instance }, command) => {
      const { healthOutcome, unknownOutcome } = await import('../output/health.ts');
      const verdict = async (): Promise<Outcome> => {
        const setup = await openSetup(context, command);
        const { readStatus } = await import('../status-report.ts');
        const { judgeHealth } = await import('../../operations/health.ts');
        setup.instances(instance);
        const report = await readStatus(setup, instance);
        return healthOutcome(judgeHealth(report, setup.config.health, context.now()), setup.config.health);
      };
      context.finish(await verdict().catch(unknownOutcome));
    });
}

const examples = `
Examples:
  vya health
  vya health --instance prod

The first line is for Nagios, Icinga and the like, with performance data. The thresholds are in the health section of the
configuration. No server is asked: an old backup is the sign that backups stopped, whatever the reason.`;
