import { Command } from '@commander-js/extra-typings';
import { count, level, severalOption, waitOption } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { openSetup } from '../setup.ts';

export function backupCommand(context: CliContext) {
  return new Command('backup')
    .addOption(severalOption('--instance <id>', 'only this instance'))
    .addOption(severalOption('--database <name>', 'only this database, by its exact name'))
    .option('--all', 'everything that is configured; the default, said aloud')
    .option('--dry-run', 'say what would be dumped and what stands in the way; write nothing')
    .option(
      '--jobs <n>',
      'dumps at work at the same time, over databases and inside of large ones; by default one per processor, up to 4',
      count,
    )
    .option('--compression-level <1-9>', 'instead of storage.compression_level', level)
    .option(
      '--exact',
      'count and digest every table in the moment that is dumped, for rehearsals and restores',
    )
    .option(
      '--rehearse',
      'restore each backup into a scratch database at once, compare it, and drop it; includes --exact',
    )
    .option('--skip-accounts', 'leave out users, roles and grants')
    .option('--skip-prune', 'leave old backups alone')
    .addOption(waitOption())
    .addHelpText('after', examples)
    .action(async (options, command) => {
      const { runBackup } = await import('../run-backup.ts');
      context.finish(await runBackup(await openSetup(context, command), options));
    });
}

const examples = `
Examples:
  vya backup                                     everything that is configured
  vya backup --instance prod --database shop     one database
  vya backup --rehearse                          and prove that each restores, to the last row
  vya backup --dry-run                           what would be dumped, and what stands in the way

With neither --instance nor --database, everything that is configured is backed up. Exit code 1 means that some
databases failed and others succeeded; the report names them.`;
