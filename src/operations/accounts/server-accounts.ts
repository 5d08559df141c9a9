import { asVyaError, VyaError } from '../../errors.ts';
import type { InstanceTarget } from '../../model/instance.ts';
import type { OpenBackup } from '../../storage/open-backup.ts';
import { type AccountResult, type AccountsRestoreReport, completed, hasWaiting } from './accounts-report.ts';
import type { OperationContext } from '../context.ts';
import type { Patience } from '../jobs.ts';
import type { RestoredAccounts } from '../restore/restore-all-report.ts';
import { restoreAccounts } from './restore-accounts.ts';

export interface ServerAccountsJob extends Patience {
  backup: OpenBackup;
  storage: { basePath: string };
  target: InstanceTarget;
  /** Asked before accounts that exist are altered or lose something; answers false to leave them alone. */
  confirmChange(existing: { instance: string; accounts: readonly string[] }): Promise<boolean>;
}

/** What a restore would do to the accounts of a server. Changes nothing. */
export async function planAccounts(
  job: ServerAccountsJob,
  context: OperationContext,
): Promise<RestoredAccounts> {
  return await attempt(context, async () => ({
    report: withoutWaiting(await run(job, { dryRun: true }, context)),
  }));
}

/**
 * Brings back what is missing: accounts, and what existing ones lack. Those that would be altered, or lose something, are left
 * alone and named unless that is confirmed. Grants on tables wait for `finishAccounts`.
 */
export async function bringAccounts(
  job: ServerAccountsJob,
  plan: AccountsRestoreReport,
  context: OperationContext,
): Promise<RestoredAccounts> {
  return await attempt(context, async () => {
    const altered = plan.accounts.filter((each) => each.status === 'change' && !onlyAdds(each));
    const names = altered.map(({ account }) => account);
    const may =
      altered.length === 0 || (await job.confirmChange({ instance: plan.instance, accounts: names }));
    const leftAlone = new Set(may ? [] : altered.map(({ name }) => name));
    const report = await run(job, { except: leftAlone }, context);
    if (leftAlone.size === 0) return { report };
    const kept = altered.map((each) => ({
      ...each,
      status: 'kept' as const,
      reason: 'it exists and differs',
      statements: [],
    }));
    return {
      report: { ...report, accounts: [...report.accounts, ...kept] },
      error: notConfirmed(plan.instance, names),
    };
  });
}

/** What had to wait for the databases is granted now. */
export async function finishAccounts(
  job: ServerAccountsJob,
  accounts: RestoredAccounts,
  context: OperationContext,
): Promise<RestoredAccounts> {
  const { report } = accounts;
  const waiting = new Set(report?.accounts.filter(hasWaiting).map(({ name }) => name));
  if (!report || waiting.size === 0) return accounts;
  const finished = await attempt(context, async () => {
    const later = await run(job, { only: waiting }, context);
    return {
      report: {
        ...report,
        accounts: report.accounts.map((each) => completed(each, later)),
        differences: [...report.differences, ...later.differences],
      },
    };
  });
  return { ...accounts, ...finished };
}

async function run(
  { backup, storage, target, waitSeconds }: ServerAccountsJob,
  how: { dryRun?: boolean; except?: ReadonlySet<string>; only?: ReadonlySet<string> },
  context: OperationContext,
): Promise<AccountsRestoreReport> {
  return await restoreAccounts(
    {
      backup,
      storage,
      waitSeconds,
      open: () => Promise.resolve(target),
      users: [],
      only: ({ name }) => (how.only?.has(name) ?? true) && !how.except?.has(name),
      skipExisting: false,
      dryRun: how.dryRun ?? false,
      confirmChange: () => Promise.resolve(true),
    },
    context,
  );
}

/** Nothing of an account that exists is taken away or made otherwise: that is how a run which was cut off is completed. */
function onlyAdds({ statements }: AccountResult): boolean {
  return statements.every(({ kind, status }) => kind === 'grant' || kind === 'add' || status === 'waiting');
}

/** Before anything is done, what waits for databases is no failure. */
function withoutWaiting(plan: AccountsRestoreReport): AccountsRestoreReport {
  const accounts = plan.accounts.map((account) => ({
    ...account,
    statements: account.statements.map(({ error: _, ...statement }) => statement),
  }));
  return { ...plan, accounts };
}

function notConfirmed(instance: string, names: readonly string[]): VyaError {
  return new VyaError(
    'refused',
    `Accounts of ${instance} differ from the backup and were left alone: ${names.join(', ')}`,
    { hint: 'vya users restore --all --dry-run shows the difference, and without --dry-run changes them.' },
  );
}

/** The databases go on whatever becomes of the accounts. */
async function attempt(
  context: OperationContext,
  work: () => Promise<RestoredAccounts>,
): Promise<RestoredAccounts> {
  try {
    return await work();
  } catch (error) {
    context.signal.throwIfAborted();
    const failure = asVyaError(error);
    if (failure.kind === 'unexpected') throw error;
    context.log.error({ kind: failure.kind }, `accounts: ${failure.message}`);
    return { error: failure };
  }
}
