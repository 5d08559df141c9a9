import { asVyaError } from '../../errors.ts';
import { prepareDestination, stageBackup } from '../../storage/artifact.ts';
import type { Inventory } from '../../model/inventory.ts';
import { openBackup } from '../../storage/open-backup.ts';
import type { Lock } from '../../storage/lock.ts';
import type { ManifestDraft } from '../../storage/manifest.ts';
import type { BackupJob, DatabaseResult } from './backup-report.ts';
import type { OperationContext } from '../context.ts';
import { describeChanges, dumpDatabase } from './dump.ts';
import type { InstanceJob } from '../jobs.ts';
import { preflight } from './preflight.ts';
import { pruneDatabase } from '../prune.ts';
import type { Slot } from '../many.ts';
import { rehearse } from '../restore/rehearse.ts';
import type { Session } from '../session.ts';
import { assertSpaceFor } from './space.ts';
import { databaseHooks } from './database-hooks.ts';
import { describeServer } from './describe-server.ts';
import { dumpAgain } from '../try-again.ts';

/** Milliseconds after which what was asked of a database before its turn came is asked anew. */
const STALE_MS = 1_000;

/** What the backups of one instance share. */
export interface InstanceWork {
  job: BackupJob;
  instance: InstanceJob;
  session: Session;
  /** Undefined in a dry run. */
  lock: Lock | undefined;
}

/** What a database may take while others are backed up at the same time. */
export interface PlaceAmongOthers {
  jobs: number;
  /** Is entered while programs are at work. */
  slot: Slot;
}

/** Backs one database up and applies its retention, and turns any failure into a result. */
export async function attemptBackup(
  work: InstanceWork,
  database: string,
  place: PlaceAmongOthers,
  context: OperationContext,
): Promise<DatabaseResult> {
  const { job, instance } = work;
  const started = performance.now();
  const result: DatabaseResult = {
    database,
    status: 'ok',
    sizeBytes: 0,
    durationMs: 0,
    exact: false,
    warnings: [],
  };
  const fields = { instance: instance.id, database };
  const hooks = databaseHooks(work, result, context);
  try {
    // A hook may be made for one database at a time, and a dry run has nothing else to do.
    if (hooks.any || !work.lock) await place.slot.enter();
    await hooks.before();
    if (work.lock) await backupWithRetries({ ...work, lock: work.lock }, result, place, context);
    else await planDatabase(work, result);
    if (job.rehearse && result.path) await rehearseBackup(work, result, result.path, context);
    context.log.info(
      { ...fields, id: result.id, bytes: result.sizeBytes },
      job.dryRun ? 'would be backed up' : 'backed up',
    );
  } catch (error) {
    context.signal.throwIfAborted();
    result.status = 'failed';
    result.error = asVyaError(error);
    context.log.error({ ...fields, kind: result.error.kind }, result.error.message);
  }
  if (result.status === 'ok' && job.retention) {
    const place = { instance: instance.id, database };
    result.prune = await pruneDatabase(
      { ...job, place, retention: job.retention, afterBackup: true },
      context,
    );
  }
  await hooks.after();
  for (const warning of result.warnings) context.log.warning(fields, warning);
  result.durationMs = Math.round(performance.now() - started);
  return result;
}

async function backupWithRetries(
  work: InstanceWork & { lock: Lock },
  result: DatabaseResult,
  place: PlaceAmongOthers,
  context: OperationContext,
): Promise<void> {
  const { database } = result;
  const { target } = work.session.adapter;
  const visit = work.session.adapter.visit(database);
  try {
    await dumpAgain({ target, database }, context, () => backupDatabase(work, result, place, context));
  } finally {
    await visit.end();
  }
}

async function backupDatabase(
  { job, instance, session, lock }: InstanceWork & { lock: Lock },
  result: DatabaseResult,
  { jobs, slot }: PlaceAmongOthers,
  context: OperationContext,
): Promise<void> {
  const { adapter, programs } = session;
  const { database } = result;
  const place = { instance: instance.id, database };
  const { basePath, checksumAlgorithm } = job.storage;
  const prepare = async (): Promise<{ inventory: Inventory; destination: string }> => {
    result.warnings.length = 0;
    const inventory = await preflight(adapter, database, result.warnings);
    await assertSpaceFor(basePath, place, inventory);
    return { inventory, destination: await prepareDestination(basePath, place) };
  };
  const prepared = await prepare();
  const asked = performance.now();
  await slot.enter();
  // Others may have been at work for hours.
  const { inventory, destination } = performance.now() - asked > STALE_MS ? await prepare() : prepared;
  const startedAt = context.now();
  const positions = await adapter.position();
  const staged = await stageBackup({ basePath, lock, place, startedAt, checksumAlgorithm, destination });
  try {
    const dumped = await dumpDatabase(
      session,
      { database, inventory, jobs, storage: job.storage, exact: job.exact, mayLockTables: job.mayLockTables },
      staged,
      context,
      // What is left waits for the disk; a rehearsal needs the server again.
      () => (job.rehearse ? undefined : slot.leave()),
    );
    const changed = describeChanges(dumped.changes);
    if (changed) result.warnings.push(changed);
    const draft: ManifestDraft = {
      run: job.run,
      instance: { id: instance.id, type: instance.type },
      server: describeServer(session),
      client: { program: programs.dump.name, version: programs.dump.version },
      finishedAt: context.now().toISOString(),
      positions: [...(dumped.positions ?? positions)],
      oldestClient: dumped.oldestClient,
      partial: false,
      options: [...dumped.options],
      compression: job.storage.compression,
      parts: dumped.parts.map((part) => ({
        ...part,
        path: part.path.slice(staged.directory.length + 1),
        holds: [...part.holds],
      })),
      inventory: dumped.inventory,
      inventoryStable: dumped.changes.length === 0,
      warnings: result.warnings,
      vya: job.vya,
    };
    const { id, path, manifest } = await staged.publish(draft);
    const sizeBytes = manifest.files.reduce((sum, file) => sum + file.size, 0);
    Object.assign(result, { id, path, sizeBytes, exact: dumped.inventory.measured ?? false });
  } finally {
    // Nothing is left to discard after a publication.
    await staged.discard();
  }
}

async function rehearseBackup(
  { job, instance }: InstanceWork,
  result: DatabaseResult,
  path: string,
  context: OperationContext,
): Promise<void> {
  const rehearsal = { open: () => instance.open(), jobs: job.jobs, vya: job.vya, settle: false };
  const { warnings, proof } = await rehearse(await openBackup(path), rehearsal, context);
  result.warnings.push(...warnings);
  result.proof = proof;
}

/** The dry run: everything that can be asked beforehand, and nothing written. */
async function planDatabase({ session }: InstanceWork, result: DatabaseResult): Promise<void> {
  const inventory = await preflight(session.adapter, result.database, result.warnings);
  result.status = 'planned';
  result.sizeBytes = inventory.database.sizeBytes;
}
