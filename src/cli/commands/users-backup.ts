import { randomUUID } from 'node:crypto';
import { Command } from '@commander-js/extra-typings';
import type { InstanceAccounts } from '../../operations/accounts.ts';
import { severalOption, waitOption } from '../arguments.ts';
import type { CliContext, Outcome } from '../context.ts';
import { exitCodeOfMany } from '../exit-codes.ts';
import { accountsAsJson, accountsFailures, accountsProblems, accountsRow } from '../output/accounts.ts';
import { backupTable } from '../output/backup-table.ts';
import { formatCount } from '../output/format.ts';
import { errorAsJson, statusAsJson } from '../output/print.ts';
import { describeProblems, withSubject } from '../output/problems.ts';
import { openSetup } from '../setup.ts';

export function usersBackupCommand(context: CliContext) {
  return new Command('backup')
    .description('Back up users, roles and grants alone, then apply retention to them.')
    .addOption(severalOption('--instance <id>', 'only this instance'))
    .addOption(
      severalOption('--exclude-user <name>', 'leave out this account: user, user@host or a pattern', 'none'),
    )
    .option('--dry-run', 'say what would be backed up; write nothing')
    .option('--skip-prune', 'leave old backups alone')
    .addOption(waitOption())
    .addHelpText('after', examples)
    .action(async (options, command) => {
      const setup = await openSetup(context, command);
      const { storage, retention } = setup.config;
      const { backupAllAccounts } = await import('../../operations/accounts.ts');
      const run = randomUUID();
      const dryRun = options.dryRun ?? setup.config.dryRun;
      const results = await backupAllAccounts(
        {
          run,
          instances: setup.instances(options.instance),
          excludeUsers: options.excludeUser,
          storage: {
            basePath: storage.basePath,
            compression: { codec: storage.compression, level: storage.compressionLevel },
            checksumAlgorithm: storage.checksumAlgorithm,
          },
          retention: options.skipPrune || dryRun ? undefined : retention,
          dryRun,
          waitSeconds: options.wait,
          vya: setup.version,
        },
        setup.operation,
      );
      context.finish(outcome(run, dryRun, results));
    });
}

const examples = `
Examples:
  vya users backup                                   every instance
  vya users backup --instance prod --exclude-user 'tmp_*'

vya backup does this, too, unless --skip-accounts or the configuration (accounts: false) says otherwise.`;

function outcome(run: string, dryRun: boolean, results: readonly InstanceAccounts[]): Outcome {
  const failures = results.flatMap(({ instance, error, accounts }) => [
    withSubject(instance, error),
    ...accountsFailures(instance, accounts),
  ]);
  const code = exitCodeOfMany(
    results.map(
      ({ error, accounts }) => (error ?? accounts?.error ?? accounts?.prune?.error)?.kind ?? ('ok' as const),
    ),
  );
  const rows = results.flatMap(({ instance, accounts }) =>
    accounts ? [accountsRow(instance, accounts)] : [],
  );
  const header = ['INSTANCE', 'DATABASE', 'STATUS', 'SIZE', 'TIME', 'BACKUP'];
  const text = [
    ...(rows.length > 0 ? [backupTable(header, rows)] : []),
    ...results.flatMap((result) => [
      ...describeProblems(result.instance, result),
      ...accountsProblems(result.instance, result.accounts),
    ]),
    ...results.flatMap(({ instance, accounts }) =>
      accounts && accounts.status !== 'failed'
        ? [
            `${instance}: ${formatCount(accounts.accounts, 'account')} ${dryRun ? 'would be backed up' : 'backed up'}.`,
          ]
        : [],
    ),
  ];
  const json = {
    ...statusAsJson(code, failures),
    run,
    dryRun,
    instances: results.map(({ error, accounts, ...instance }) => ({
      ...instance,
      ...(error ? { error: errorAsJson(error) } : {}),
      ...(accounts ? { accounts: accountsAsJson(accounts) } : {}),
    })),
  };
  return { code, json, text };
}
