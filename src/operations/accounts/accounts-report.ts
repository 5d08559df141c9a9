import type { AccountChange, ChangeKind } from '../../db/accounts.ts';
import { VyaError } from '../../errors.ts';
import { accountLabel } from '../../model/account-label.ts';
import type { Account } from '../../model/accounts.ts';

/** One statement, as people see it, and what came of it. */
export interface StatementResult {
  kind: ChangeKind;
  /** Without password hashes. */
  statement: string;
  /** `waiting`: the table, routine or database that it is about is not there yet. */
  status: 'planned' | 'done' | 'failed' | 'waiting';
  error?: VyaError;
}

export interface AccountResult {
  /** As SQL writes it. */
  name: string;
  /** For people: `app@%`. */
  account: string;
  /** `kept`: it differs, and is left alone. */
  status: 'create' | 'change' | 'unchanged' | 'kept';
  /** Why it is kept. */
  reason?: string;
  statements: StatementResult[];
}

export interface AccountsRestoreReport {
  backup: string;
  instance: string;
  dryRun: boolean;
  accounts: AccountResult[];
  /** Statements that would still be needed afterwards, although all went well. */
  differences: string[];
  warnings: string[];
}

/** The results of accounts before anything was done. */
export function plannedResults(
  accounts: readonly Account[],
  changes: readonly AccountChange[],
): { results: AccountResult[]; ofChange: Map<AccountChange, StatementResult> } {
  const ofChange = new Map<AccountChange, StatementResult>();
  const results = accounts.map((account): AccountResult => {
    const own = changes.filter((change) => change.account === account.name);
    const statements = own.map((change): StatementResult => {
      const result: StatementResult = { kind: change.kind, statement: change.shown, status: 'planned' };
      ofChange.set(change, result);
      return result;
    });
    const created = own.some(({ kind }) => kind === 'create');
    return {
      name: account.name,
      account: accountLabel(account),
      status: created ? 'create' : own.length > 0 ? 'change' : 'unchanged',
      statements,
    };
  });
  return { results, ofChange };
}

/** What is missing, as an error: it counts as a failure, because the server is not yet as the backup says. */
export function waitingError({ waitsFor }: AccountChange): VyaError {
  const { kind, database, name } = waitsFor ?? { kind: 'database', database: '' };
  const what = name === undefined ? `“${database}”` : `“${name}” in “${database}”`;
  return new VyaError('failed', `the ${kind} ${what} is not there yet`, {
    hint: 'Restore the databases, then run this again: it does only what is missing.',
  });
}

/**
 * An account after what waited at first was tried a second time. What the second time did not find necessary any more has come with
 * the databases: PostgreSQL's settings of a role in a database.
 */
export function completed(account: AccountResult, later: AccountsRestoreReport): AccountResult {
  const again = later.accounts.find(({ name }) => name === account.name);
  if (!again) return account;
  const statements = account.statements.map(({ error, ...each }): StatementResult => {
    if (each.status !== 'waiting') return { ...each, ...(error ? { error } : {}) };
    const outcome = again.statements.find(({ statement }) => statement === each.statement);
    return outcome ?? { ...each, status: 'done' };
  });
  return { ...account, statements };
}

export function hasWaiting({ statements }: AccountResult): boolean {
  return statements.some(({ status }) => status === 'waiting');
}
