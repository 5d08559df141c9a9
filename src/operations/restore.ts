import type { Finding } from '../db/adapter.ts';
import { VyaError } from '../errors.ts';
import { runPipeline } from '../exec/pipeline.ts';
import { leaveDirectory, makePrivateDirectory } from '../exec/secret-file.ts';
import type { InstanceTarget } from '../model/instance.ts';
import type { OpenBackup } from '../storage/open-backup.ts';
import { summarize } from './compare.ts';
import type { Comparison } from './compare-contents.ts';
import type { OperationContext } from './context.ts';
import type { Patience } from './jobs.ts';
import { loadAndCompare, withFreshDatabase } from './fresh-database.ts';
import { holdsOnlyObjects, inventoryOf, loadParts, type LoadRequest } from './load.ts';
import { throwErrors } from './preflight.ts';
import { type Session, withSession } from './session.ts';
import { assertWhole, storedParts, withSharedBackup } from './stored-backup.ts';
import { assertTargetName } from './target-name.ts';

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
  jobs: number;
  dryRun: boolean;
  /** Asked before an existing database is replaced; answers false to refuse. */
  confirmReplace(existing: { instance: string; database: string }): Promise<boolean>;
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
  /** What was compared beside the objects; absent in a dry run. */
  compared?: Comparison['compared'];
  /** What came back otherwise because no dump carries it faithfully: `prices.amount (FLOAT)`. */
  exceptions?: string[];
  warnings: string[];
  /** Events that were created disabled, because this is a copy. */
  disabledEvents: string[];
}

/**
 * Restores one database. It is loaded into a fresh database first, compared with the manifest's inventory, and only then
 * takes the name: after a failure at any point before, a database of that name is as it was.
 *
 * @throws VyaError `verification` for an archive that is not whole, `refused` when a replacement was not confirmed,
 *   `privileges` or `failed` naming what the target lacks, `failed` when loading fails
 */
export async function restore(job: RestoreJob, context: OperationContext): Promise<RestoreReport> {
  const started = performance.now();
  const { instance, database } = job.backup.manifest;
  assertTargetName(instance.type, job.database, database);
  return await withSharedBackup(job, 'vya restore', context, async () => {
    const target = await job.open();
    const work = async (session: Session): Promise<RestoreReport> => {
      const report = await plan(job, session, context.now());
      if (job.dryRun) return report;
      await confirm(job, report);
      await assertWhole(job.backup, session.engine, session.programs, context, { forLoading: true });
      await restoreInto(job, session, report, context);
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
  if (replaced) findings.push(...(await adapter.replaceFindings(job.database, inventory)));
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

async function confirm(job: RestoreJob, { replaced, instance, database }: RestoreReport): Promise<void> {
  if (!replaced || (await job.confirmReplace({ instance, database }))) return;
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
  const { backup } = job;
  context.log.info({ instance: report.instance, backup: report.backup }, `restoring ${job.database}`);
  await withFreshDatabase(session, inventoryOf(backup), 'restore', context, async (fresh) => {
    const request = { database: fresh, options: loadOptions(job) };
    const comparison = await loadAndCompare(session, backup, request, `restore ${job.database}`, context);
    accept(job, comparison, report);
    await takeName(job, session, fresh, report, context);
  });
}

/** Objects may differ where the database was changing; rows that were measured in the dump's own moment may not. */
function accept({ backup }: RestoreJob, comparison: Comparison, report: RestoreReport): void {
  const { objects, contents, compared, exceptions } = comparison;
  Object.assign(report, { compared, exceptions });
  const differences = [...contents, ...objects];
  if (differences.length === 0) return;
  const message = `What was restored differs from the manifest: ${summarize(differences)}`;
  if (backup.manifest.inventoryStable || contents.length > 0) {
    throw new VyaError('verification', message, {
      hint: 'The target is as it was. Restore from another backup; vya list shows them.',
    });
  }
  report.warnings.push(`${message}. The database was changing while it was dumped, so this may be right.`);
}

async function takeName(
  job: RestoreJob,
  session: Session,
  fresh: string,
  report: RestoreReport,
  context: OperationContext,
): Promise<void> {
  const { signal } = context;
  const objects = (await storedParts(job.backup)).filter(holdsOnlyObjects);
  const { database: source, compression } = job.backup.manifest;
  const request = {
    codec: compression.codec,
    disableEvents: job.database !== source,
    options: loadOptions(job),
  };
  const undoDirectory = await makePrivateDirectory();
  try {
    await session.adapter.replace({
      fresh,
      name: job.database,
      keepOldAs: report.keptOldAs,
      inventory: inventoryOf(job.backup),
      noOwner: job.noOwner,
      noAcl: job.noAcl,
      programs: session.programs,
      undoDirectory,
      loadObjects: (database) => loadParts(session, { ...request, database, parts: objects }, context),
      run: async (command, io) => {
        const input = 'stdinFrom' in io ? io.stdinFrom : undefined;
        const output = 'stdoutTo' in io ? ({ appendTo: io.stdoutTo } as const) : 'drop';
        await runPipeline([command], { signal, input, output });
      },
    });
  } finally {
    await leaveDirectory(undoDirectory);
  }
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
