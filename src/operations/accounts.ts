import { asVyaError, type VyaError } from '../errors.ts';
import { prepareBase } from '../storage/directories.ts';
import { cleanStaging } from '../storage/staging.ts';
import { withInstanceLock } from './backup.ts';
import { type AccountsJob, type AccountsResult, attemptAccountsBackup } from './accounts/backup-accounts.ts';
import { audited } from './audit.ts';
import { describeRun } from './backup/describe-run.ts';
import type { OperationContext } from './context.ts';
import type { InstanceJob } from './jobs.ts';
import { withSession } from './session.ts';

export interface InstanceAccounts {
  instance: string;
  /** Set when the instance failed before its accounts could be read. */
  error?: VyaError;
  accounts?: AccountsResult;
  warnings: string[];
}

/** Backs up the accounts of every instance, and nothing else. A failed one does not stop the others: the report tells. */
export async function backupAllAccounts(
  job: AccountsJob & { instances: readonly InstanceJob[] },
  context: OperationContext,
): Promise<InstanceAccounts[]> {
  const work = () => backupEach(job, context);
  if (job.dryRun) return await work();
  return await audited(context, { action: 'backup-accounts', run: job.run }, work, (results) =>
    describeRun({ instances: results.map((each) => ({ ...each, databases: [] })) }),
  );
}

async function backupEach(
  job: AccountsJob & { instances: readonly InstanceJob[] },
  context: OperationContext,
): Promise<InstanceAccounts[]> {
  const { basePath } = job.storage;
  if (!job.dryRun) await prepareBase(basePath);
  const results: InstanceAccounts[] = [];
  for (const instance of job.instances) {
    context.signal.throwIfAborted();
    const result: InstanceAccounts = { instance: instance.id, warnings: [] };
    try {
      const target = await instance.open();
      await withInstanceLock(job, instance.id, context, async (lock) => {
        if (lock) result.warnings.push(...(await cleanStaging({ basePath, lock })));
        await withSession(target, context, async (session) => {
          result.accounts = await attemptAccountsBackup({ job, instance, session, lock }, context);
        });
      });
    } catch (error) {
      context.signal.throwIfAborted();
      result.error = asVyaError(error);
      context.log.error({ instance: instance.id, kind: result.error.kind }, result.error.message);
    }
    results.push(result);
  }
  return results;
}
