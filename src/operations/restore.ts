import type { Finding } from '../db/finding.ts';
import { VyaError } from '../errors.ts';
import { audited } from './audit.ts';
import type { OperationContext } from './context.ts';
import { loadAndCompare, withFreshDatabase } from './restore/fresh-database.ts';
import { inventoryOf, type LoadRequest, readObjects } from './restore/load.ts';
import { settleLeftovers } from './restore/leftovers.ts';
import { throwErrors } from './backup/preflight.ts';
import { assertLoadable, proveBeside } from './restore/prove.ts';
import { gone, judge, oldName } from './restore/restore-outcome.ts';
import { roomFindings } from './restore/room.ts';
import { type Session, withSession } from './session.ts';
import { assertWhole, largestOf, withSharedBackup } from './stored-backup.ts';
import { assertDroppable, assertTargetName } from './restore/target-name.ts';
import type { RestoreJob, RestoreReport } from './restore/restore-job.ts';

/**
 * Restores one database. It is loaded into a fresh database first, compared with the manifest's inventory, and only then
 * takes the name: after a failure at any point before, a database of that name is as it was. Only "in place" it is gone by then,
 * and the error says so.
 *
 * @throws VyaError `verification` for an archive that is not whole, `refused` when a replacement was not confirmed,
 *   `privileges` or `failed` naming what the target lacks, `failed` when loading fails
 */
export async function restore(job: RestoreJob, context: OperationContext): Promise<RestoreReport> {
  if (job.dryRun) return await restoreDatabase(job, context);
  const event = { action: 'restore', database: job.database, backup: job.backup.manifest.id };
  const describe = ({ instance }: RestoreReport) => ({ instance });
  return await audited(context, event, () => restoreDatabase(job, context), describe);
}

async function restoreDatabase(job: RestoreJob, context: OperationContext): Promise<RestoreReport> {
  const started = performance.now();
  const { instance, database } = job.backup.manifest;
  assertTargetName(instance.type, job.database, database);
  if (job.inPlace) assertDroppable(instance.type, job.database);
  return await withSharedBackup(job, 'vya restore', context, async () => {
    const target = await job.open();
    const work = async (session: Session): Promise<RestoreReport> => {
      const leftovers = await settleLeftovers(session, { act: !job.dryRun, needed: job.database });
      const report = await plan(job, session, context.now());
      report.warnings.unshift(...leftovers);
      if (job.dryRun) return report;
      await confirm(job, report);
      const proven = await lookFirst(job, session, report, context);
      await restoreInto(job, session, report, proven, context);
      report.durationMs = Math.round(performance.now() - started);
      return report;
    };
    return await withSession(target, context, work, job.backup.manifest.oldestClient);
  });
}

/** Everything that can be known before the first change: what the target lacks, and what is in the way. */
async function plan(job: RestoreJob, { adapter, programs }: Session, now: Date): Promise<RestoreReport> {
  const { manifest } = job.backup;
  const inventory = inventoryOf(job.backup);
  if (manifest.instance.type !== adapter.target.type) {
    throw new VyaError(
      'usage',
      `${manifest.id} is a ${manifest.instance.type} backup, and ${adapter.target.id} is a ${adapter.target.type} server`,
      { hint: `Give a server of ${productOf(manifest.server.flavour)} as --target-instance.` },
    );
  }
  const warnings: string[] = [];
  const { flavour, version } = manifest.server;
  const needs = {
    noOwner: job.noOwner,
    noAcl: job.noAcl,
    source: { flavour, version },
    programs,
    database: job.database,
  };
  const findings: Finding[] = await adapter.restoreFindings(inventory, needs);
  const replaced = await adapter.databaseExists(job.database);
  const inPlace = job.inPlace && replaced;
  if (replaced) findings.push(...(await adapter.replaceFindings(job.database, { inPlace })));
  if (!inPlace) findings.push(...(await roomFindings(adapter, inventory, replaced ? dropFirst : elsewhere)));
  throwErrors(findings, warnings);
  const isCopy = job.database !== manifest.database;
  return {
    backup: manifest.id,
    instance: adapter.target.id,
    database: job.database,
    dryRun: job.dryRun,
    replaced,
    ...(replaced && job.keepOld ? { keptOldAs: oldName(job.database, now) } : {}),
    tables: inventory.tables.length,
    durationMs: 0,
    warnings,
    disabledEvents: isCopy ? inventory.events.filter(({ enabled }) => enabled).map(({ name }) => name) : [],
  };
}

function productOf(flavour: string): string {
  return { mysql: 'MySQL', mariadb: 'MariaDB' }[flavour] ?? 'PostgreSQL';
}

const elsewhere = 'restore onto another instance with --target-instance';
const dropFirst = `${elsewhere}, or let --replace-in-place drop what is there before it loads`;

async function confirm(job: RestoreJob, { replaced, instance, database }: RestoreReport): Promise<void> {
  if (!replaced || (await job.confirmReplace({ instance, database, inPlace: job.inPlace }))) return;
  throw new VyaError(
    'refused',
    `${instance} has a database “${database}” already, and replacing it was not confirmed`,
    {
      hint: 'Add --force to replace it, or restore beside it with --target-database.',
    },
  );
}

/**
 * Looks at the archive before the first byte: the whole of it where the target is dropped first, otherwise what cannot be proven beside
 * the load. Returns whether all of it is proven.
 */
async function lookFirst(
  job: RestoreJob,
  session: Session,
  { replaced }: RestoreReport,
  context: OperationContext,
): Promise<boolean> {
  if (job.knownWhole) return true;
  if (job.inPlace && replaced) {
    const { engine, programs } = session;
    await assertWhole(job.backup, engine, programs, context, { forLoading: !job.trust });
    return true;
  }
  await assertLoadable(job.backup, session, context, { statements: !job.trust });
  return false;
}

async function restoreInto(
  job: RestoreJob,
  session: Session,
  report: RestoreReport,
  proven: boolean,
  context: OperationContext,
): Promise<void> {
  context.log.info({ instance: report.instance, backup: report.backup }, `restoring ${job.database}`);
  if (!job.inPlace || !report.replaced) return await loadAndTakeName(job, session, report, proven, context);
  context.signal.throwIfAborted();
  await session.adapter.dropTarget(job.database);
  try {
    await loadAndTakeName(job, session, report, proven, context);
  } catch (error) {
    throw (await session.adapter.databaseExists(job.database).catch(() => false)) ? error : gone(error, job);
  }
}

async function loadAndTakeName(
  job: RestoreJob,
  session: Session,
  report: RestoreReport,
  proven: boolean,
  context: OperationContext,
): Promise<void> {
  const { backup } = job;
  const dropped = job.inPlace && report.replaced;
  await withFreshDatabase(session, inventoryOf(backup), 'restore', context, async (fresh) => {
    const request = { database: fresh, options: loadOptions(job, proven) };
    const load = (signal: AbortSignal) =>
      loadAndCompare(session, backup, request, `restore ${job.database}`, { ...context, signal });
    const comparison = await (proven ? load(context.signal) : proveBeside(backup, session, context, load));
    const mismatch = judge(comparison, job, report);
    if (mismatch && !dropped) throw mismatch;
    await takeName(job, session, fresh, report, context);
    if (mismatch) throw mismatch;
  });
}

async function takeName(
  job: RestoreJob,
  session: Session,
  fresh: string,
  report: RestoreReport,
  context: OperationContext,
): Promise<void> {
  const { manifest } = job.backup;
  await session.adapter.replace({
    fresh,
    name: job.database,
    keepOldAs: report.keptOldAs,
    mayReplace: report.replaced && !job.inPlace,
    inventory: inventoryOf(job.backup),
    noOwner: job.noOwner,
    noAcl: job.noAcl,
    objects: await readObjects(job.backup, context),
    sourceDatabase: manifest.database ?? '',
    disableEvents: job.database !== manifest.database,
    programs: session.programs,
    signal: context.signal,
  });
}

function loadOptions(job: RestoreJob, proven: boolean): LoadRequest['options'] {
  const { noOwner, noAcl, jobs, backup, trust } = job;
  const options = { noOwner, noAcl, jobs, sourceDatabase: backup.manifest.database ?? '' };
  return proven ? options : { ...options, inspect: { statements: !trust, largest: largestOf(backup) } };
}
