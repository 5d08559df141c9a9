import type { ErrorKind, VyaError } from '../../errors.ts';
import type {
  RestoreAllReport,
  RestoredAccounts,
  RestoredDatabase,
} from '../../operations/restore/restore-all-report.ts';
import type { Outcome, Text } from '../context.ts';
import { exitCodeOfMany } from '../exit-codes.ts';
import { accountsInFull, accountsInShort, outcomesOf as outcomesOfAccounts } from './accounts-restore.ts';
import { formatDuration, printable } from './format.ts';
import { errorAsJson, statusAsJson } from './print.ts';
import { describeProblems, withSubject } from './problems.ts';
import { limitsOf } from './proof.ts';

/** What became of a whole server, for people and for programs. */
export function restoreAllOutcome(report: RestoreAllReport): Outcome {
  const databases = report.databases.map(({ error }) => error?.kind ?? ('ok' as const));
  const accounts = outcomesOf(report.accounts);
  // Accounts that succeed are no database that did; alone, they are all that was asked for.
  const counted = databases.length > 0 ? accounts.filter((each) => each !== 'ok') : accounts;
  const code = exitCodeOfMany([...databases, ...counted]);
  return { code, json: asJson(report, code), text: asText(report) };
}

function outcomesOf(accounts: RestoredAccounts | undefined): (ErrorKind | 'ok')[] {
  if (!accounts) return [];
  const { report, error } = accounts;
  return [...(error ? [error.kind] : []), ...(report ? outcomesOfAccounts(report) : [])];
}

function asJson(report: RestoreAllReport, code: number): unknown {
  const { accounts, databases, ...rest } = report;
  const failures: (VyaError | undefined)[] = [
    ...databases.map(({ database, error }) => withSubject(database, error)),
    withSubject('accounts', accounts?.error),
  ];
  return {
    ...statusAsJson(code, failures),
    ...rest,
    ...(accounts ? { accounts: accountsAsJson(accounts) } : {}),
    databases: databases.map(({ error, ...database }) => ({
      ...database,
      ...(error ? { error: errorAsJson(error) } : {}),
    })),
  };
}

function accountsAsJson({ report, error }: RestoredAccounts): object {
  return { ...(report ? accountsInFull(report) : {}), ...(error ? { error: errorAsJson(error) } : {}) };
}

function asText(report: RestoreAllReport): Text {
  const header = ['DATABASE', 'STATUS', 'TABLES', 'TIME', 'BACKUP'];
  const rows = report.databases.map((each) => [
    printable(each.database),
    statusOf(each, report.dryRun),
    each.status === 'failed' ? '' : String(each.tables),
    each.status === 'restored' ? formatDuration(each.durationMs) : '',
    each.backup?.split('/').at(-1) ?? '',
  ]);
  return [
    ...(rows.length > 0 ? [{ header, rows, right: ['TABLES', 'TIME'], drop: ['TIME', 'TABLES'] }] : []),
    ...accountsLines(report),
    ...describeProblems(report.instance, report),
    ...report.databases.flatMap((each) => describeProblems(each.database, each)),
    ...momentLines(report),
    summaryOf(report),
  ];
}

function statusOf({ status, replaced, ...each }: RestoredDatabase, dryRun: boolean): string {
  if (status === 'present') return 'is there already';
  if (status === 'planned')
    return dryRun ? (replaced ? 'would be replaced' : 'would be restored') : 'not begun';
  if (status === 'failed') return 'FAILED';
  const kept = each.keptOldAs === undefined ? '' : `, the former kept as ${printable(each.keptOldAs)}`;
  const { compared = 'objects', exceptions = [] } = each;
  const as =
    compared === 'contents' ? 'restored, every row as in the manifest' : 'restored, as in the manifest';
  return `${as}${limitsOf({ compared, exceptions })}${kept}`;
}

function accountsLines({ instance, accounts }: RestoreAllReport): string[] {
  if (!accounts) return [];
  const { report, error } = accounts;
  return [
    ...(report ? accountsInShort(report) : []),
    ...describeProblems(`accounts of ${instance}`, { error }),
  ];
}

function momentLines({ between, databases }: RestoreAllReport): string[] {
  if (!between || databases.length < 2) return [];
  return [
    `The databases are not of one moment: their backups were begun from ${between.first} to ${between.last}.`,
  ];
}

function summaryOf({ databases, dryRun, source, instance }: RestoreAllReport): string {
  const count = (status: RestoredDatabase['status']): number =>
    databases.filter((each) => each.status === status).length;
  const others = `${count('present')} were there already, ${count('failed')} failed`;
  if (dryRun) {
    return `${source} onto ${instance}: ${count('planned')} would be restored, ${others}. Nothing was changed; archives are read before a restore begins.`;
  }
  const begun = databases.length > 0 && count('failed') === databases.length ? ' Nothing was changed.' : '';
  return `${source} onto ${instance}: ${count('restored')} restored, ${others}.${begun}`;
}
