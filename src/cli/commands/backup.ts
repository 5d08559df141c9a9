import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Command } from '@commander-js/extra-typings';
import type { VyaError } from '../../errors.ts';
import type { BackupReport, DatabaseResult } from '../../operations/backup/backup-report.ts';
import type { CliContext, Outcome } from '../context.ts';
import { exitCodeOfMany } from '../exit-codes.ts';
import { count, level, severalOption, waitOption } from '../arguments.ts';
import { accountsAsJson, accountsFailures, accountsProblems, accountsRow } from '../output/accounts.ts';
import { formatBytes, formatDuration, formatTable } from '../output/format.ts';
import { errorAsJson, statusAsJson } from '../output/print.ts';
import { describeProblems, withSubject } from '../output/problems.ts';
import { proofInWords } from '../output/proof.ts';
import { openSetup } from '../setup.ts';

export function backupCommand(context: CliContext) {
  return new Command('backup')
    .description('Dump databases into the storage tree, then apply retention to those that succeeded.')
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
      const setup = await openSetup(context, command);
      const { storage, retention } = setup.config;
      const { backup } = await import('../../operations/backup.ts');
      const dryRun = options.dryRun ?? setup.config.dryRun;
      const report = await backup(
        {
          run: randomUUID(),
          instances: setup.instances(options.instance),
          databases: options.database,
          storage: {
            basePath: storage.basePath,
            compression: {
              codec: storage.compression,
              level: options.compressionLevel ?? storage.compressionLevel,
            },
            checksumAlgorithm: storage.checksumAlgorithm,
          },
          retention: options.skipPrune || dryRun ? undefined : retention,
          jobs: options.jobs ?? Math.min(mostJobs, availableParallelism()),
          parallelBytes,
          dryRun,
          exact: options.exact ?? options.rehearse ?? false,
          accounts: !options.skipAccounts,
          rehearse: options.rehearse ?? false,
          waitSeconds: options.wait,
          vya: setup.version,
        },
        setup.operation,
      );
      context.finish(backupOutcome(report));
    });
}

/** Where nobody says how many dumps may run at the same time: more would be felt by those who use the server. */
const mostJobs = 4;
/** Smaller databases are dumped faster than several sessions begin. */
const parallelBytes = 64 * 1024 * 1024;

const examples = `
Examples:
  vya backup                                     everything that is configured
  vya backup --instance prod --database shop     one database
  vya backup --rehearse                          and prove that each restores, to the last row
  vya backup --dry-run                           what would be dumped, and what stands in the way

With neither --instance nor --database, everything that is configured is backed up. Exit code 1 means that some
databases failed and others succeeded; the report names them.`;

function backupOutcome(report: BackupReport): Outcome {
  const outcomes = report.instances.flatMap(({ error, databases, accounts }) => [
    ...(error ? [error.kind] : []),
    // Accounts that succeed are no database that did: what was asked for has failed where all databases have.
    ...[accounts?.error ?? accounts?.prune?.error].flatMap((failure) => failure?.kind ?? []),
    ...databases.map(({ error: failure, prune }) => failure?.kind ?? prune?.error?.kind ?? ('ok' as const)),
  ]);
  const code = exitCodeOfMany(outcomes);
  return { code, json: asJson(report, code), text: asText(report) };
}

function asJson(report: BackupReport, code: number): unknown {
  return {
    ...statusAsJson(code, failuresOf(report)),
    run: report.run,
    dryRun: report.dryRun,
    instances: report.instances.map(({ error, databases, accounts, ...instance }) => ({
      ...instance,
      ...(error ? { error: errorAsJson(error) } : {}),
      databases: databases.map(({ error: failure, prune, ...database }) => ({
        ...database,
        ...(failure ? { error: errorAsJson(failure) } : {}),
        ...(prune ? { deleted: prune.deleted } : {}),
        ...(prune?.error ? { pruneError: errorAsJson(prune.error) } : {}),
      })),
      ...(accounts ? { accounts: accountsAsJson(accounts) } : {}),
    })),
  };
}

function failuresOf(report: BackupReport): (VyaError | undefined)[] {
  return report.instances.flatMap(({ instance, error, databases, accounts }) => [
    withSubject(instance, error),
    ...databases.map((each) => withSubject(`${instance}/${each.database}`, each.error ?? each.prune?.error)),
    ...accountsFailures(instance, accounts),
  ]);
}

function asText(report: BackupReport): string {
  const rows = report.instances.flatMap(({ instance, databases, accounts }) => [
    ...databases.map((database) => [
      instance,
      database.database,
      database.proof ? proofInWords(database.proof) : database.status,
      database.status === 'failed' ? '' : formatBytes(database.sizeBytes),
      database.status === 'ok' ? formatDuration(database.durationMs) : '',
      database.id?.split('/').at(-1) ?? '',
    ]),
    ...(accounts ? [accountsRow(instance, accounts)] : []),
  ]);
  const header = [
    'INSTANCE',
    'DATABASE',
    'STATUS',
    report.dryRun ? 'SIZE ON SERVER' : 'SIZE',
    'TIME',
    'BACKUP',
  ];
  const table = rows.length > 0 ? [formatTable(header, rows, ['SIZE', 'SIZE ON SERVER', 'TIME'])] : [];
  return [...table, ...problemsOf(report), summaryOf(report)].join('\n');
}

function problemsOf(report: BackupReport): string[] {
  return report.instances.flatMap((instance) => [
    ...describeProblems(instance.instance, instance),
    ...instance.databases.flatMap((database) => [
      ...describeProblems(`${instance.instance}/${database.database}`, database),
      ...describeProblems(`retention of ${instance.instance}/${database.database}`, database.prune ?? {}),
    ]),
    ...accountsProblems(instance.instance, instance.accounts),
  ]);
}

function summaryOf(report: BackupReport): string {
  const databases = report.instances.flatMap((instance) => instance.databases);
  const count = (status: DatabaseResult['status']): number =>
    databases.filter((each) => each.status === status).length;
  if (report.dryRun) return `${count('planned')} would be backed up; nothing was written.`;
  const deleted = databases.reduce((sum, { prune }) => sum + (prune?.deleted.length ?? 0), 0);
  const instances = report.instances.filter(({ error }) => error).length;
  const unreached = instances > 0 ? `, ${instances} instances could not be backed up` : '';
  return `${count('ok')} backed up, ${count('failed')} failed${unreached}, ${deleted} old backups deleted.`;
}
