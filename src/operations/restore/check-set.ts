import { asVyaError, VyaError } from '../../errors.ts';
import type { InstanceTarget } from '../../model/instance.ts';
import type { BackupSet, ChosenDatabase } from './choose-set.ts';
import { summarize } from './compare.ts';
import { compareRestored } from './compare-contents.ts';
import type { OperationContext } from '../context.ts';
import { inventoryOf } from './load.ts';
import { withoutNeedOf } from '../accounts/needed-accounts.ts';
import type { RestoreAllJob } from './restore-all-job.ts';
import type { RestoredDatabase } from './restore-all-report.ts';
import { restore } from '../restore.ts';
import type { RestoreJob } from './restore-job.ts';
import type { Session } from '../session.ts';
import { assertWhole } from '../stored-backup.ts';

/**
 * Refuses a target of another kind than the server that the backups are of, before anything else is looked at.
 *
 * @throws VyaError `usage`
 */
export function assertSameKind(set: BackupSet, { adapter: { server, target } }: Session): void {
  const [backup] = [set.accounts, ...set.databases.map((each) => each.backup)].filter(
    (each) => each !== undefined,
  );
  const source = backup?.manifest.server;
  if (!source || source.flavour === server.flavour) return;
  throw new VyaError(
    'usage',
    `${set.instance} was ${source.versionText} (${source.flavour}), and ${target.id} is ${server.versionText} (${server.flavour}): accounts and dumps of one mean something else to the other`,
    { hint: `Give a ${source.flavour} server as --target-instance.` },
  );
}

/**
 * What would become of one database: whether it is there already, what the target lacks, and whether the archive can be read to
 * its end. Never changes anything.
 *
 * @param accounts names of the accounts that come first
 */
export async function checkDatabase(
  job: RestoreAllJob,
  chosen: ChosenDatabase,
  accounts: readonly string[],
  session: Session,
  context: OperationContext,
): Promise<RestoredDatabase> {
  const result = begun(chosen);
  try {
    const { backup } = chosen;
    if (!backup) throw chosen.error ?? new VyaError('not-found', 'There is no backup of it');
    if (!job.force && (await session.adapter.databaseExists(chosen.database))) {
      await compareWithPresent(backup, chosen.database, session);
      return { ...result, status: 'present', tables: inventoryOf(backup).tables.length };
    }
    const inventory = withoutNeedOf(inventoryOf(backup), accounts);
    const pretended = { ...backup, manifest: { ...backup.manifest, inventory } };
    const plan = await restore(
      { ...jobOf(job, chosen.database, session.adapter.target), backup: pretended, dryRun: true },
      context,
    );
    const { replaced, tables, warnings } = plan;
    Object.assign(result, { replaced, tables, warnings });
    if (job.dryRun) return result;
    const { oldestClient } = backup.manifest;
    const programs = await session.engine.findPrograms(session.adapter.server, context.env, oldestClient);
    await assertWhole(backup, session.engine, programs, context, { forLoading: !job.trust });
    return result;
  } catch (error) {
    return failed(result, error, context);
  }
}

/** The job of one database: what was checked is replaced without a further question. */
export function jobOf(
  { storage, noOwner, noAcl, keepOld, inPlace, trust, jobs, waitSeconds, force }: RestoreAllJob,
  database: string,
  target: InstanceTarget,
): Omit<RestoreJob, 'backup' | 'dryRun'> {
  return {
    storage,
    database,
    noOwner,
    noAcl,
    jobs,
    waitSeconds,
    keepOld: keepOld && force,
    inPlace: inPlace && force,
    trust,
    open: () => Promise.resolve(target),
    confirmReplace: () => Promise.resolve(force),
  };
}

/** A failure of one database, which does not stop the others. */
export function failed(
  result: RestoredDatabase,
  error: unknown,
  { signal, log }: OperationContext,
): RestoredDatabase {
  signal.throwIfAborted();
  const failure = asVyaError(error);
  if (failure.kind === 'unexpected') throw error;
  log.error({ database: result.database, kind: failure.kind }, failure.message);
  return { ...result, status: 'failed', error: failure };
}

function begun({ database, backup }: ChosenDatabase): RestoredDatabase {
  const { id, startedAt } = backup?.manifest ?? {};
  return {
    database,
    status: 'planned',
    ...(id === undefined ? {} : { backup: id }),
    ...(startedAt === undefined ? {} : { takenAt: startedAt }),
    replaced: false,
    tables: 0,
    durationMs: 0,
    warnings: [],
  };
}

/** A database that has what the backup says is what an earlier run restored, or needs no restore. Rows may have changed since. */
async function compareWithPresent(
  backup: NonNullable<ChosenDatabase['backup']>,
  database: string,
  { adapter }: Session,
): Promise<void> {
  const expected = inventoryOf(backup);
  // PostgreSQL's large objects are in a table of the server's own, which only measures name.
  const tables = expected.tables.filter(({ schema }) => schema !== 'pg_catalog');
  const { objects } = compareRestored(
    { ...expected, tables, measured: false },
    await adapter.inventory(database),
  );
  if (objects.length === 0) return;
  throw new VyaError(
    'refused',
    `${adapter.target.id} has a database “${database}” already, and it is not what the backup holds: ${summarize(objects)}`,
    {
      hint: 'It was left alone. --force replaces every database that is there; vya restore --database replaces this one.',
    },
  );
}
