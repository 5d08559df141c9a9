import type { ErrorKind, VyaError } from '../../errors.ts';
import type {
  AccountResult,
  AccountsRestoreReport,
  StatementResult,
} from '../../operations/accounts/accounts-report.ts';
import type { Outcome } from '../context.ts';
import { exitCodeOfMany, exitCodes } from '../exit-codes.ts';
import { printable } from './format.ts';
import { errorAsJson, statusAsJson } from './print.ts';
import { describeProblems, withSubject } from './problems.ts';

/** What a restore of accounts did, or would do, for people and for programs. */
export function accountsRestoreOutcome(report: AccountsRestoreReport): Outcome {
  const code = report.dryRun ? exitCodes.success : exitCodeOfMany(outcomesOf(report));
  return {
    code,
    json: { ...statusAsJson(code, failuresOf(report.accounts)), ...accountsInFull(report) },
    text: asText(report),
  };
}

/** The report as JSON documents hold it. */
export function accountsInFull({ accounts, ...rest }: AccountsRestoreReport): object {
  return {
    ...rest,
    accounts: accounts.map(({ statements, ...account }) => ({
      ...account,
      statements: statements.map(({ error, ...statement }) => ({
        ...statement,
        ...(error ? { error: errorAsJson(error) } : {}),
      })),
    })),
  };
}

/** Each account by itself: an account with a statement that failed or waits has failed. */
export function outcomesOf({ accounts, differences }: AccountsRestoreReport): (ErrorKind | 'ok')[] {
  const outcomes = accounts.map(
    ({ statements }) => statements.find(({ error }) => error)?.error?.kind ?? ('ok' as const),
  );
  return differences.length > 0 ? [...outcomes, 'failed'] : outcomes;
}

function failuresOf(accounts: readonly AccountResult[]): (VyaError | undefined)[] {
  return accounts.flatMap(({ account, statements }) =>
    statements.map(({ error }) => withSubject(account, error)),
  );
}

const signs = { create: '+', alter: '~', add: '+', grant: '+', revoke: '-' } as const;

function asText(report: AccountsRestoreReport): string {
  const { accounts, dryRun } = report;
  const changed = accounts.filter(({ statements }) => statements.length > 0);
  const lines = changed.flatMap(({ account, statements }) => [
    printable(account),
    ...statements.map((statement) => `  ${signs[statement.kind]} ${describe(statement, dryRun)}`),
  ]);
  for (const { account, reason } of accounts.filter(({ status }) => status === 'kept')) {
    lines.push(`${printable(account)}`, `  = left alone: ${reason}`);
  }
  return [...lines, ...problemsOf(report), summaryOf(report)].join('\n');
}

/** The same without what was done: accounts that were left alone, what failed, and figures. */
export function accountsInShort(report: AccountsRestoreReport): string[] {
  const kept = report.accounts.flatMap(({ account, status, reason }) =>
    status === 'kept' ? [`account ${printable(account)} was left alone: ${reason}`] : [],
  );
  return [...namesOf(report), ...kept, ...problemsOf(report), `accounts of ${summaryOf(report)}`];
}

/** Before anything is done: who would be made, and who would be changed. */
function namesOf({ accounts, dryRun }: AccountsRestoreReport): string[] {
  if (!dryRun) return [];
  return (['create', 'change'] as const).flatMap((status) => {
    const names = accounts.filter((each) => each.status === status).map(({ account }) => printable(account));
    return names.length > 0 ? [`accounts to ${status}: ${names.join(', ')}`] : [];
  });
}

function problemsOf(report: AccountsRestoreReport): string[] {
  const problems = report.accounts.flatMap(({ account, statements }) =>
    statements.flatMap(({ error }) => (error ? describeProblems(account, { error }) : [])),
  );
  const differences = report.differences.map(
    (statement) =>
      `error: the server took every statement, but this is still missing: ${printable(statement)}`,
  );
  return [...describeProblems(report.instance, report), ...new Set(problems), ...differences];
}

function describe({ statement, status }: StatementResult, dryRun: boolean): string {
  const note = status === 'waiting' ? ' (waits)' : status === 'failed' ? ' FAILED' : dryRun ? '' : ' (done)';
  return `${printable(statement)}${note}`;
}

function summaryOf({ accounts, dryRun, backup, instance }: AccountsRestoreReport): string {
  const count = (status: AccountResult['status']): number =>
    accounts.filter((account) => account.status === status).length;
  const figures = `${count('create')} to create, ${count('change')} to change, ${count('unchanged')} unchanged, ${count('kept')} left alone`;
  if (dryRun) return `${instance}, from ${backup}: ${figures}. Nothing was changed.`;
  const statements = accounts.flatMap((account) => account.statements);
  const ended = (status: StatementResult['status']): number =>
    statements.filter((each) => each.status === status).length;
  return `${instance}, from ${backup}: ${figures}; ${ended('done')} statements done, ${ended('failed')} failed, ${ended('waiting')} wait.`;
}
