import type { Finding } from '../db/adapter.ts';
import { asVyaError, VyaError } from '../errors.ts';
import type { InstanceTarget } from '../model/instance.ts';
import type { OpenBackup } from '../storage/open-backup.ts';
import { summarize } from './compare.ts';
import type { OperationContext } from './context.ts';
import type { Patience } from './jobs.ts';
import { loadAndCompare, withFreshDatabase } from './fresh-database.ts';
import { inventoryOf, type LoadRequest, readObjects } from './load.ts';
import { settleLeftovers } from './leftovers.ts';
import { throwErrors } from './preflight.ts';
import { roomFindings } from './room.ts';
import { type Session, withSession } from './session.ts';
import { assertWhole, withSharedBackup } from './stored-backup.ts';
import { assertDroppable, assertTargetName } from './target-name.ts';

export interface RestoreJob extends Patience {
  /** Chosen and opened by the command line: from the storage tree or from anywhere. */
  backup: OpenBackup;
  storage: { basePath: string };
  open(): Promise<InstanceTarget>;
  /** The name that the restored database gets. */
  database: string;
  noOwner: boolean;
  noAcl: boolean;
  /** Keep a database that is replaced under another name. */
  keepOld: boolean;
  /** For servers without room for two copies: what is there is dropped before the backup is loaded. Not with `keepOld`. */
  inPlace: boolean;
  jobs: number;
  dryRun: boolean;
  /** Asked before an existing database is replaced; answers false to refuse. */
  confirmReplace(existing: { instance: string; database: string; inPlace: boolean }): Promise<boolean>;
}

export interface RestoreReport {
  backup: string;
  instance: string;
  database: string;
  dryRun: boolean;
  /** Whether a database of that name existed. */
  replaced: boolean;
  keptOldAs?: string;
  tables: number;
  durationMs: number;
  warnings: string[];
  /** Events that were created disabled, because this is a copy. */
  disabledEvents: string[];
}

/**
 * Restores one database. It is loaded into a fresh database first, compared with the manifest's inventory, and only then
 * takes the name: after a failure at any point before, a database of that name is as it was. Only "in place" it is gone by then,
 * and the error says so.
 *
 * @throws VyaError `verification` for an archive that is not whole, `refused` when a replacement was not confirmed,
 *   `privileges` or `failed` naming what the target lacks, `failed` when loading fails
 */
export async function restore(job: RestoreJob, context: OperationContext): Promise<RestoreReport> {
  const started = performance.now();
  const { instance, database } = job.backup.manifest;
  assertTargetName(instance.type, job.database, database);
  if (job.inPlace) assertDroppable(instance.type, job.database);
  return await withSharedBackup(job, 'vya restore', context, async () => {
    const target = await job.open();
    return await withSession(target, context, async (session) => {
      const leftovers = await settleLeftovers(session, { act: !job.dryRun, needed: job.database });
      const report = await plan(job, session, context.now());
      report.warnings.unshift(...leftovers);
      if (job.dryRun) return report;
      await confirm(job, report);
      await assertWhole(job.backup, session.engine, session.programs, context);
      await restoreInto(job, session, report, context);
      report.durationMs = Math.round(performance.now() - started);
      return report;
    });
  });
}

/** Everything that can be known before the first change: what the target lacks, and what is in the way. */
async function plan(job: RestoreJob, { adapter }: Session, now: Date): Promise<RestoreReport> {
  const { manifest } = job.backup;
  const inventory = inventoryOf(job.backup);
  if (manifest.instance.type !== adapter.target.type) {
    throw new VyaError(
      'usage',
      `${manifest.id} is a ${manifest.instance.type} backup, and ${adapter.target.id} is a ${adapter.target.type} server`,
    );
  }
  const warnings: string[] = [];
  const { flavour, version } = manifest.server;
  const needs = {
    noOwner: job.noOwner,
    noAcl: job.noAcl,
    source: { flavour, version },
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

async function restoreInto(
  job: RestoreJob,
  session: Session,
  report: RestoreReport,
  context: OperationContext,
): Promise<void> {
  context.log.info({ instance: report.instance, backup: report.backup }, `restoring ${job.database}`);
  if (!job.inPlace || !report.replaced) return await loadAndTakeName(job, session, report, context);
  context.signal.throwIfAborted();
  await session.adapter.dropTarget(job.database);
  try {
    await loadAndTakeName(job, session, report, context);
  } catch (error) {
    throw (await session.adapter.databaseExists(job.database).catch(() => false)) ? error : gone(error, job);
  }
}

async function loadAndTakeName(
  job: RestoreJob,
  session: Session,
  report: RestoreReport,
  context: OperationContext,
): Promise<void> {
  const { backup } = job;
  const dropped = job.inPlace && report.replaced;
  await withFreshDatabase(session, inventoryOf(backup), 'restore', context, async (fresh) => {
    const request = { database: fresh, options: loadOptions(job) };
    const differences = await loadAndCompare(session, backup, request, `restore ${job.database}`, context);
    const mismatch = judge(differences, job, report);
    if (mismatch && !dropped) throw mismatch;
    await takeName(job, session, fresh, report, context);
    if (mismatch) throw mismatch;
  });
}

/** What an error has to say after the target was dropped and before anything has its name. */
function gone(error: unknown, { database }: RestoreJob): VyaError {
  const { kind, message, hint } = asVyaError(error);
  return new VyaError(
    kind,
    `${message}. “${database}” was dropped before loading, and there is no such database now`,
    {
      cause: error,
      hint: `${hint ?? 'Mend what the message names.'}\nRun the same command again, as often as it takes: nothing is in its way any more.`,
    },
  );
}

/** Differences from a database that stood still are an error; from one that was changing they may be right. */
function judge(
  differences: readonly string[],
  { backup, database, inPlace }: RestoreJob,
  report: RestoreReport,
): VyaError | undefined {
  if (differences.length === 0) return undefined;
  const message = `What was restored differs from the manifest: ${summarize(differences)}`;
  if (!backup.manifest.inventoryStable) {
    report.warnings.push(`${message}. The database was changing while it was dumped, so this may be right.`);
    return undefined;
  }
  const state =
    inPlace && report.replaced
      ? `What was restored is there as “${database}” all the same, since the former was dropped.`
      : 'The target is as it was.';
  return new VyaError('verification', message, {
    hint: `${state} Restore from another backup; vya list shows them.`,
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

function loadOptions({ noOwner, noAcl, jobs, backup }: RestoreJob): LoadRequest['options'] {
  return { noOwner, noAcl, jobs, sourceDatabase: backup.manifest.database ?? '' };
}

/** `shop_before_20260109T020000Z`, shortened where the engines' limit of 63 bytes or 64 characters asks for it. */
function oldName(database: string, now: Date): string {
  const suffix = `_before_${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  let stem = database;
  while (Buffer.byteLength(stem + suffix) > 63) stem = Array.from(stem).slice(0, -1).join('');
  return stem + suffix;
}
