import type { VyaError } from '../../errors.ts';
import type { BackupReport, DatabaseResult } from '../../operations/backup/backup-report.ts';
import type { Outcome, Text } from '../context.ts';
import { exitCodeOfMany } from '../exit-codes.ts';
import { accountsAsJson, accountsFailures, accountsProblems, accountsRow } from './accounts.ts';
import { backupTable } from './backup-table.ts';
import { formatBytes, formatCount, formatDuration } from './format.ts';
import { errorAsJson, statusAsJson } from './print.ts';
import { describeProblems, withSubject } from './problems.ts';
import { proofInWords } from './proof.ts';

/** @param problems of the run as a whole, such as receivers that could not be told */
export function backupOutcome(report: BackupReport, problems: readonly string[]): Outcome {
  const outcomes = report.instances.flatMap(({ error, databases, accounts }) => [
    ...(error ? [error.kind] : []),
    // Accounts that succeed are no database that did: what was asked for has failed where all databases have.
    ...[accounts?.error ?? accounts?.prune?.error].flatMap((failure) => failure?.kind ?? []),
    ...databases.map(({ error: failure, prune }) => failure?.kind ?? prune?.error?.kind ?? ('ok' as const)),
  ]);
  const code = exitCodeOfMany(outcomes);
  return { code, json: { ...asJson(report, code), warnings: problems }, text: asText(report, problems) };
}

function asJson(report: BackupReport, code: number): object {
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

function asText(report: BackupReport, problems: readonly string[]): Text {
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
  const table = rows.length > 0 ? [backupTable(header, rows)] : [];
  return [
    ...table,
    ...problemsOf(report),
    ...describeProblems('run', { warnings: problems }),
    summaryOf(report),
  ];
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
  const unreached = instances > 0 ? `, ${formatCount(instances, 'instance')} could not be backed up` : '';
  return `${count('ok')} backed up, ${count('failed')} failed${unreached}, ${formatCount(deleted, 'old backup')} deleted.`;
}
