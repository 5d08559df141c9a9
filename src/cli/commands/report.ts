import { rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { severalOption } from '../arguments.ts';
import { VyaError } from '../../errors.ts';
import type { CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { openSetup } from '../setup.ts';

export function reportCommand(context: CliContext) {
  return new Command('report')
    .requiredOption('--html <file>', 'where the page is written')
    .addOption(severalOption('--instance <id>', 'only this instance'))
    .addHelpText('after', examples)
    .action(async ({ html, instance }, command) => {
      const setup = await openSetup(context, command);
      setup.instances(instance);
      const { statusJob } = await import('../status-report.ts');
      const { readReport } = await import('../../operations/report.ts');
      const { judgeHealth } = await import('../../operations/health.ts');
      const { reportPage } = await import('../report/page.ts');
      const data = await readReport(statusJob(setup, instance), setup.operation);
      const verdict = judgeHealth(data.status, setup.config.health, data.now);
      const path = resolve(context.cwd, html);
      await replaceFile(path, reportPage(data, verdict, hostname()));
      const json = { status: 'ok', code: 0, path, databases: data.databases.length, verdict: verdict.level };
      context.finish({ code: exitCodes.success, json, text: `Wrote ${path}.` });
    });
}

const examples = `
Examples:
  vya report --html /var/www/html/backups.html

The page holds everything that it needs: a year of backups of each database, sizes and times, what retention deletes next, and what
failed. It names databases and quotes messages: give it to nobody who may not know them.`;

/** In one step, so that a web server never shows a half page. Throws VyaError `storage`. */
async function replaceFile(path: string, content: string): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  try {
    await writeFile(draft, content, { flag: 'wx' });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw new VyaError('storage', `Cannot write ${path}: ${(error as Error).message}`, {
      hint: 'Name a file in a directory that is there, and that this user may write to.',
      cause: error,
    });
  }
}
