import type { InstanceTarget } from '../model/instance.ts';
import type { OpenBackup } from '../storage/open-backup.ts';
import { assertSameKind, checkDatabase, failed, jobOf } from './restore/check-set.ts';
import type { ChosenDatabase } from './restore/choose-set.ts';
import type { OperationContext } from './context.ts';
import { settleLeftovers } from './restore/leftovers.ts';
import { inventoryOf } from './restore/load.ts';
import { throwErrors } from './backup/preflight.ts';
import type { RestoreAllReport, RestoredDatabase } from './restore/restore-all-report.ts';
import { restore } from './restore.ts';
import { roomForAll } from './restore/room.ts';
import {
  bringAccounts,
  finishAccounts,
  planAccounts,
  type ServerAccountsJob,
} from './accounts/server-accounts.ts';
import { type Session, withSession } from './session.ts';
import { withSharedBackup } from './stored-backup.ts';
import type { RestoreAllJob } from './restore/restore-all-job.ts';

/**
 * Brings a whole server back. The set is checked first; then come the accounts, the databases one by one, and the grants that had
 * to wait for them. A database that fails does not stop the others, and a second run does only what is missing. Where no database
 * can be restored, nothing is touched.
 *
 * @throws VyaError `usage` for a target of another kind; `connection`, `locked`
 */
export async function restoreAll(job: RestoreAllJob, context: OperationContext): Promise<RestoreAllReport> {
  const { set } = job;
  const held = [set.accounts, ...set.databases.map(({ backup }) => backup)];
  return await holding(job, held, context, async () => {
    const target = await job.open();
    const report = await withSession(target, context, (session) => check(job, session, context));
    if (job.dryRun) return report;
    if (report.databases.length > 0 && report.databases.every(({ status }) => status === 'failed')) {
      return report;
    }
    const accounts = accountsJob(job, target);
    const plan = report.accounts?.report;
    if (accounts && plan) report.accounts = await bringAccounts(accounts, plan, context);
    report.databases = await restoreDatabases(job, report.databases, target, context);
    if (accounts && report.accounts)
      report.accounts = await finishAccounts(accounts, report.accounts, context);
    return report;
  });
}

/** Everything that can be known before the first change. */
async function check(
  job: RestoreAllJob,
  session: Session,
  context: OperationContext,
): Promise<RestoreAllReport> {
  const { set } = job;
  assertSameKind(set, session);
  const report: RestoreAllReport = {
    source: set.instance,
    instance: session.adapter.target.id,
    dryRun: job.dryRun,
    ...momentsOf(set.databases),
    databases: [],
    warnings: [...set.warnings, ...(await settleLeftovers(session, { act: !job.dryRun }))],
  };
  const accounts = accountsJob(job, session.adapter.target);
  if (accounts) report.accounts = await planAccounts(accounts, context);
  const brought = report.accounts?.report?.accounts ?? [];
  const names = brought.flatMap(({ name, status }) => (status === 'create' ? [name] : []));
  for (const chosen of set.databases) {
    const result = await checkDatabase(job, chosen, names, session, context);
    const warnings = result.warnings.filter((warning) => !report.warnings.includes(warning));
    report.databases.push({ ...result, warnings });
  }
  await assertRoom(job, report.databases, session);
  return report;
}

/** @throws VyaError `failed` when the databases fit one by one, and not together */
async function assertRoom(
  { set, inPlace }: RestoreAllJob,
  planned: readonly RestoredDatabase[],
  { adapter }: Session,
): Promise<void> {
  const wanted = planned.flatMap(({ database, status, replaced }) => {
    const backup = set.databases.find((each) => each.database === database)?.backup;
    return status === 'planned' && backup && !(replaced && inPlace)
      ? [{ inventory: inventoryOf(backup), replaced }]
      : [];
  });
  throwErrors(await roomForAll(adapter, wanted), []);
}

async function restoreDatabases(
  job: RestoreAllJob,
  planned: readonly RestoredDatabase[],
  target: InstanceTarget,
  context: OperationContext,
): Promise<RestoredDatabase[]> {
  const results: RestoredDatabase[] = [];
  for (const result of planned) {
    const backup = job.set.databases.find(({ database }) => database === result.database)?.backup;
    const restorable = result.status === 'planned' && backup;
    results.push(restorable ? await restoreOne(job, result, backup, target, context) : result);
  }
  return results;
}

async function restoreOne(
  job: RestoreAllJob,
  result: RestoredDatabase,
  backup: OpenBackup,
  target: InstanceTarget,
  context: OperationContext,
): Promise<RestoredDatabase> {
  try {
    const how = { ...jobOf(job, result.database, target), backup, dryRun: false, knownWhole: true };
    const {
      instance: _,
      backup: __,
      dryRun: ___,
      disabledEvents: ____,
      ...done
    } = await restore(how, context);
    return { ...result, ...done, status: 'restored' };
  } catch (error) {
    return failed(result, error, context);
  }
}

function accountsJob(job: RestoreAllJob, target: InstanceTarget): ServerAccountsJob | undefined {
  const { storage, waitSeconds, confirmChange } = job;
  const { accounts: backup } = job.set;
  return backup && { backup, storage, target, waitSeconds, confirmChange };
}

function momentsOf(databases: readonly ChosenDatabase[]): Pick<RestoreAllReport, 'between'> {
  const moments = databases.flatMap(({ backup }) => backup?.manifest.startedAt ?? []).toSorted();
  const [first, last] = [moments.at(0), moments.at(-1)];
  return first === undefined || last === undefined ? {} : { between: { first, last } };
}

/** Keeps all backups of the set from being deleted until the end. */
async function holding<T>(
  job: RestoreAllJob,
  backups: readonly (OpenBackup | undefined)[],
  context: OperationContext,
  work: () => Promise<T>,
): Promise<T> {
  const [first, ...others] = backups;
  if (backups.length === 0) return await work();
  if (!first) return await holding(job, others, context, work);
  return await withSharedBackup({ ...job, backup: first }, 'vya restore --all', context, () =>
    holding(job, others, context, work),
  );
}
