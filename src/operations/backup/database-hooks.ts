import type { BackupJob, DatabaseResult } from './backup-report.ts';
import type { OperationContext } from '../context.ts';
import { type HookFacts, runHooks, tryHooks } from '../hooks.ts';

/** What runs around the backup of one database. */
export interface DatabaseHooks {
  /** Whether there are some. */
  any: boolean;
  /** Throws VyaError `failed`: then there is no backup. */
  before(): Promise<void>;
  /** A failure becomes a warning of the result. */
  after(): Promise<void>;
}

export function databaseHooks(
  { job, instance }: { job: Pick<BackupJob, 'run' | 'hooks'>; instance: { id: string } },
  result: DatabaseResult,
  context: OperationContext,
): DatabaseHooks {
  const { hooks } = job;
  if (!hooks) return { any: false, before: async () => {}, after: async () => {} };
  const { beforeDatabase, afterDatabase, timeoutMs } = hooks;
  const facts = (event: HookFacts['event']): HookFacts => ({
    event,
    run: job.run,
    instance: instance.id,
    database: result.database,
  });
  return {
    any: beforeDatabase.length + afterDatabase.length > 0,
    before: () => runHooks(beforeDatabase, facts('before_database'), timeoutMs, context),
    async after() {
      const { status, path, error } = result;
      const ended = { ...facts('after_database'), result: status, path, message: error?.message };
      result.warnings.push(...(await tryHooks(afterDatabase, ended, timeoutMs, context)));
    },
  };
}
