import type { DatabaseInfo } from '../db/adapter.ts';
import { asVyaError, type VyaError } from '../errors.ts';
import { prepareBase } from '../storage/directories.ts';
import { cleanStaging } from '../storage/staging.ts';
import { acquireLock, type Lock } from '../storage/lock.ts';
import { audited } from './audit.ts';
import { attemptAccountsBackup } from './accounts/backup-accounts.ts';
import { attemptBackup, type InstanceWork } from './backup/backup-database.ts';
import type { BackupJob, BackupReport, DatabaseResult, InstanceResult } from './backup/backup-report.ts';
import { describeRun } from './backup/describe-run.ts';
import { chooseDatabases } from './backup/choose-databases.ts';
import { jobsFor } from './backup/jobs-for.ts';
import type { OperationContext } from './context.ts';
import type { InstanceJob } from './jobs.ts';
import { settleLeftovers } from './restore/leftovers.ts';
import { forEachWeighted } from './many.ts';
import { withSession } from './session.ts';

/**
 * Dumps the chosen databases of every instance, each into a backup of its own, and applies retention to those that
 * succeeded. A failed database or instance does not stop the others: the report tells.
 */
export async function backup(job: BackupJob, context: OperationContext): Promise<BackupReport> {
  if (job.dryRun) return await backupInstances(job, context);
  const event = { action: 'backup', run: job.run, everything: job.databases.length === 0 };
  return await audited(context, event, () => backupInstances(job, context), describeRun);
}

async function backupInstances(job: BackupJob, context: OperationContext): Promise<BackupReport> {
  if (!job.dryRun) await prepareBase(job.storage.basePath);
  const instances: InstanceResult[] = [];
  for (const instance of job.instances) {
    context.signal.throwIfAborted();
    instances.push(await backupInstance(job, instance, context));
  }
  return { run: job.run, dryRun: job.dryRun, instances };
}

async function backupInstance(
  job: BackupJob,
  instance: InstanceJob,
  context: OperationContext,
): Promise<InstanceResult> {
  const result: InstanceResult = { instance: instance.id, databases: [], warnings: [] };
  try {
    const target = await instance.open();
    await withInstanceLock(job, instance.id, context, async (lock) => {
      await withSession(target, context, async (session) => {
        if (lock) result.warnings.push(...(await cleanStaging({ basePath: job.storage.basePath, lock })));
        result.warnings.push(...(await settleLeftovers(session, { act: !job.dryRun })));
        await backupDatabases({ job, instance, session, lock }, result, context);
      });
    });
  } catch (error) {
    context.signal.throwIfAborted();
    result.error = asVyaError(error);
    context.log.error({ instance: instance.id, kind: result.error.kind }, result.error.message);
  }
  for (const warning of result.warnings) context.log.warning({ instance: instance.id }, warning);
  return result;
}

/** Keeps other backups of the instance out. A dry run writes nothing, not even a lock. */
export async function withInstanceLock(
  job: Pick<BackupJob, 'dryRun' | 'storage' | 'waitSeconds'>,
  instance: string,
  context: OperationContext,
  work: (lock: Lock | undefined) => Promise<void>,
): Promise<void> {
  if (job.dryRun) return await work(undefined);
  const lock = await acquireLock({
    basePath: job.storage.basePath,
    scope: { kind: 'instance', instance },
    mode: 'exclusive',
    waitSeconds: job.waitSeconds,
    command: 'vya backup',
    now: context.now(),
    env: context.env,
    signal: context.signal,
  });
  try {
    await work(lock);
  } finally {
    await lock.release();
  }
}

async function backupDatabases(
  work: InstanceWork,
  result: InstanceResult,
  context: OperationContext,
): Promise<void> {
  const { job, instance, session } = work;
  const selection = await chooseDatabases(session.adapter, instance, job.databases);
  result.warnings.push(...selection.warnings);
  result.databases.push(...selection.missing.map((each) => missingDatabase(each.database, each.error)));

  const jobsOf = ({ sizeBytes }: DatabaseInfo): number => jobsFor(sizeBytes, job);
  result.databases.push(
    ...(await forEachWeighted(selection.chosen, job.jobs, jobsOf, ({ name }, jobs, slot) =>
      attemptBackup(work, name, { jobs, slot }, context),
    )),
  );
  if (job.accounts && instance.accounts) result.accounts = await attemptAccountsBackup(work, context);
}

function missingDatabase(database: string, error: VyaError): DatabaseResult {
  return { database, status: 'failed', sizeBytes: 0, durationMs: 0, exact: false, warnings: [], error };
}
