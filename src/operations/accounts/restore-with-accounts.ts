import { accountLabel } from '../../model/account-label.ts';
import type { Account } from '../../model/accounts.ts';
import type { OpenBackup } from '../../storage/open-backup.ts';
import { type AccountResult, type AccountsRestoreReport, completed, hasWaiting } from './accounts-report.ts';
import type { OperationContext } from '../context.ts';
import { inventoryOf } from '../restore/load.ts';
import { neededBy, withoutNeedOf } from './needed-accounts.ts';
import { restore } from '../restore.ts';
import type { RestoreJob, RestoreReport } from '../restore/restore-job.ts';
import { restoreAccounts } from './restore-accounts.ts';

export interface RestoredWithAccounts {
  database: RestoreReport;
  accounts: AccountsRestoreReport;
}

/**
 * Restores a database after the accounts that it needs and that the target lacks. Accounts that exist are left as they are. What
 * MySQL grants on tables and routines has to wait for them, and is granted at the end.
 *
 * @throws VyaError as `restore` and `restoreAccounts`
 */
export async function restoreWithAccounts(
  job: RestoreJob,
  accountsBackup: OpenBackup,
  context: OperationContext,
): Promise<RestoredWithAccounts> {
  const inventory = inventoryOf(job.backup);
  const source = job.backup.manifest.database ?? '';
  const needs = neededBy(inventory, source);
  const shared = {
    backup: accountsBackup,
    storage: job.storage,
    open: () => job.open(),
    dryRun: job.dryRun,
    waitSeconds: job.waitSeconds,
    users: [],
  };
  const accounts = await restoreAccounts(
    { ...shared, only: needs, skipExisting: true, confirmChange: () => Promise.resolve(false) },
    context,
  );
  const created = accounts.accounts.filter(({ status }) => status === 'create');
  const database = await restore(job.dryRun ? pretending(job, created) : job, context);
  const waiting = created.filter(hasWaiting);
  if (job.dryRun || waiting.length === 0 || job.database !== source) return { database, accounts };
  // Only what this restore has made is touched again.
  const names = new Set(waiting.map(({ account }) => account));
  const later = await restoreAccounts(
    {
      ...shared,
      only: (account: Account) => names.has(accountLabel(account)),
      skipExisting: false,
      confirmChange: () => Promise.resolve(true),
    },
    context,
  );
  return {
    database,
    accounts: { ...accounts, accounts: accounts.accounts.map((each) => completed(each, later)) },
  };
}

/** A dry run: the accounts that would be made are taken for made. */
function pretending(job: RestoreJob, created: readonly AccountResult[]): RestoreJob {
  const names = created.map(({ name }) => name);
  const inventory = withoutNeedOf(inventoryOf(job.backup), names);
  return { ...job, backup: { ...job.backup, manifest: { ...job.backup.manifest, inventory } } };
}
