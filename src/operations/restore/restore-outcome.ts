import { asVyaError, VyaError } from '../../errors.ts';
import { summarize } from './compare.ts';
import type { Comparison } from './compare-contents.ts';
import type { RestoreJob, RestoreReport } from './restore-job.ts';

/** What an error has to say after the target was dropped and before anything has its name. */
export function gone(error: unknown, { database }: RestoreJob): VyaError {
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

/**
 * Notes what was compared, and says what is wrong with it: objects may differ where the database was changing; rows that were
 * measured in the dump's own moment may not.
 */
export function judge(
  { objects, contents, compared, exceptions }: Comparison,
  { backup, database, inPlace }: RestoreJob,
  report: RestoreReport,
): VyaError | undefined {
  Object.assign(report, { compared, exceptions });
  const differences = [...contents, ...objects];
  if (differences.length === 0) return undefined;
  const message = `What was restored differs from the manifest: ${summarize(differences)}`;
  if (!backup.manifest.inventoryStable && contents.length === 0) {
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

/** `shop_before_20260109T020000Z`, shortened where the engines' limit of 63 bytes or 64 characters asks for it. */
export function oldName(database: string, now: Date): string {
  const suffix = `_before_${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  let stem = database;
  while (Buffer.byteLength(stem + suffix) > 63) stem = Array.from(stem).slice(0, -1).join('');
  return stem + suffix;
}
