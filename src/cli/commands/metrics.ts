import { Command } from '@commander-js/extra-typings';
import type { CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { openSetup } from '../setup.ts';

export function metricsCommand(context: CliContext) {
  return new Command('metrics').addHelpText('after', examples).action(async (_options, command) => {
    const setup = await openSetup(context, command);
    const { readMetrics } = await import('../textfile.ts');
    const text = await readMetrics(setup);
    context.finish({ code: exitCodes.success, json: { status: 'ok', code: 0, metrics: text }, text });
  });
}

const examples = `
Examples:
  vya metrics
  vya metrics > /var/lib/prometheus/node-exporter/vya.prom

With metrics.textfile in the configuration, every command that changes something writes that file anew.`;
