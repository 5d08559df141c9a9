import { Command } from '@commander-js/extra-typings';
import { VyaError } from '../../errors.ts';
import type { CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { openSetup } from '../setup.ts';

export function notifyCommand(context: CliContext) {
  return new Command('notify').addCommand(testCommand(context)).addHelpText('after', examples);
}

const examples = `
Examples:
  vya notify test

Ping, webhook and mail are in the notify section of the configuration, programs to run in its hooks section. A run that cannot tell
does not fail: it says so in its report and its log.`;

function testCommand(context: CliContext) {
  return new Command('test')
    .description('Send a test to everybody that is configured, and say who could be reached.')
    .action(async (_options, command) => {
      const setup = await openSetup(context, command);
      const { announceTest } = await import('../announce.ts');
      const deliveries = await announceTest(setup);
      if (deliveries.length === 0) {
        throw new VyaError(
          'configuration',
          'Nobody is to be told: the notify section of the configuration is empty',
          {
            hint: 'Set notify.ping.url, notify.webhook.url or notify.mail.host; the README has an example.',
          },
        );
      }
      const failed = deliveries.filter(({ error }) => error !== undefined).length;
      const code =
        failed === 0 ? exitCodes.success : failed < deliveries.length ? exitCodes.partial : exitCodes.failed;
      const status = code === 0 ? 'ok' : code === exitCodes.partial ? 'partial' : 'error';
      context.finish({
        code,
        json: { status, code, deliveries },
        text: deliveries
          .map(
            ({ channel, error }) => `${channel}: ${error === undefined ? 'delivered' : `FAILED: ${error}`}`,
          )
          .join('\n'),
      });
    });
}
