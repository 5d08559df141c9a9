import type { VyaError } from '../../errors.ts';
import type { AccountsResult } from '../../operations/accounts/backup-accounts.ts';
import { formatBytes, formatDuration } from './format.ts';
import { errorAsJson } from './print.ts';
import { describeProblems, withSubject } from './problems.ts';

/** A row beside the databases of a backup's table. */
export function accountsRow(instance: string, accounts: AccountsResult): string[] {
  const { status, sizeBytes, durationMs, id } = accounts;
  return [
    instance,
    '(accounts)',
    status,
    status === 'ok' ? formatBytes(sizeBytes) : '',
    status === 'ok' ? formatDuration(durationMs) : '',
    id?.split('/').at(-1) ?? '',
  ];
}

/** The accounts of one instance as the JSON documents of backups hold them. */
export function accountsAsJson({ error, prune, ...accounts }: AccountsResult): unknown {
  return {
    ...accounts,
    ...(error ? { error: errorAsJson(error) } : {}),
    ...(prune ? { deleted: prune.deleted } : {}),
    ...(prune?.error ? { pruneError: errorAsJson(prune.error) } : {}),
  };
}

export function accountsFailures(
  instance: string,
  accounts: AccountsResult | undefined,
): (VyaError | undefined)[] {
  return [withSubject(`accounts of ${instance}`, accounts?.error ?? accounts?.prune?.error)];
}

export function accountsProblems(instance: string, accounts: AccountsResult | undefined): string[] {
  if (!accounts) return [];
  return [
    ...describeProblems(`accounts of ${instance}`, accounts),
    ...describeProblems(`retention of the accounts of ${instance}`, accounts.prune ?? {}),
  ];
}
