import { describeProgram } from '../db/programs.ts';
import { asVyaError, type VyaError } from '../errors.ts';
import { prepareBase } from '../storage/directories.ts';
import { freeSpace } from '../storage/free-space.ts';
import { describeProblems } from './accounts/account-names.ts';
import { chooseDatabases } from './backup/choose-databases.ts';
import type { OperationContext } from './context.ts';
import type { InstanceJob } from './jobs.ts';
import { settleLeftovers } from './restore/leftovers.ts';
import { preflight } from './backup/preflight.ts';
import { type Session, withSession } from './session.ts';
import { assertSpaceFor } from './backup/space.ts';

export interface CheckJob {
  instances: readonly InstanceJob[];
  storage: { basePath: string };
}

export interface InstanceCheck {
  instance: string;
  error?: VyaError;
  server?: {
    version: string;
    flavour: string;
    latencyMs: number;
    account: string;
    replica: boolean;
    encrypted: boolean;
  };
  programs: string[];
  databases: { database: string; sizeBytes: number; tables: number; warnings: string[]; error?: VyaError }[];
  /** Absent where they are left out. */
  accounts?: { accounts: number; warnings: string[]; error?: VyaError };
  warnings: string[];
}

export interface CheckReport {
  storage: { path: string; freeBytes: number; totalBytes: number; error?: VyaError };
  instances: InstanceCheck[];
}

/** Everything that would go wrong in a backup, found without making one. */
export async function check(job: CheckJob, context: OperationContext): Promise<CheckReport> {
  const storage = await checkStorage(job.storage.basePath);
  logFailure(context, {}, storage.error);
  const instances: InstanceCheck[] = [];
  for (const instance of job.instances) {
    context.signal.throwIfAborted();
    const checked = await checkInstance(job, instance, storage.error === undefined, context);
    logFailure(context, { instance: instance.id }, checked.error);
    logFailure(context, { instance: instance.id }, checked.accounts?.error);
    for (const { database, error } of checked.databases)
      logFailure(context, { instance: instance.id, database }, error);
    instances.push(checked);
  }
  return { storage, instances };
}

function logFailure(
  { log }: OperationContext,
  fields: Record<string, string>,
  error: VyaError | undefined,
): void {
  if (error) log.error({ ...fields, kind: error.kind }, error.message);
}

async function checkStorage(path: string): Promise<CheckReport['storage']> {
  try {
    await prepareBase(path);
    return { path, ...(await freeSpace(path)) };
  } catch (error) {
    return { path, freeBytes: 0, totalBytes: 0, error: asVyaError(error) };
  }
}

async function checkInstance(
  job: CheckJob,
  instance: InstanceJob,
  storageUsable: boolean,
  context: OperationContext,
): Promise<InstanceCheck> {
  const result: InstanceCheck = { instance: instance.id, programs: [], databases: [], warnings: [] };
  try {
    const target = await instance.open();
    await withSession(target, context, async (session) => {
      describe(session, result);
      result.warnings.push(...(await settleLeftovers(session, { act: false })));
      const selection = await chooseDatabases(session.adapter, instance);
      result.warnings.push(...selection.warnings);
      for (const { name, sizeBytes } of selection.chosen) {
        const database: InstanceCheck['databases'][number] = {
          database: name,
          sizeBytes,
          tables: 0,
          warnings: [],
        };
        result.databases.push(database);
        await checkDatabase(job, session, database, storageUsable, context);
      }
      result.databases.push(
        ...selection.missing.map((each) => ({ ...each, sizeBytes: 0, tables: 0, warnings: [] })),
      );
      if (instance.accounts) result.accounts = await checkAccounts(session, context);
    });
  } catch (error) {
    context.signal.throwIfAborted();
    result.error = asVyaError(error);
  }
  return result;
}

async function checkDatabase(
  job: CheckJob,
  session: Session,
  result: InstanceCheck['databases'][number],
  storageUsable: boolean,
  context: OperationContext,
): Promise<void> {
  try {
    const inventory = await preflight(session.adapter, result.database, result.warnings);
    result.tables = inventory.tables.length;
    const place = { instance: session.adapter.target.id, database: result.database };
    if (storageUsable) await assertSpaceFor(job.storage.basePath, place, inventory);
  } catch (error) {
    context.signal.throwIfAborted();
    result.error = asVyaError(error);
  }
}

async function checkAccounts(
  { adapter }: Session,
  context: OperationContext,
): Promise<NonNullable<InstanceCheck['accounts']>> {
  try {
    const { accounts } = await adapter.accounts();
    return { accounts: accounts.length, warnings: describeProblems(accounts) };
  } catch (error) {
    context.signal.throwIfAborted();
    return { accounts: 0, warnings: [], error: asVyaError(error) };
  }
}

function describe({ adapter: { server }, programs }: Session, result: InstanceCheck): void {
  const { flavour, versionText, latencyMs, account, replica, encrypted } = server;
  result.server = { flavour, version: versionText, latencyMs, account, replica, encrypted };
  result.programs = [...new Set([programs.dump, programs.load].map(describeProgram))];
}
