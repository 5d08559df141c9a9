import type { AuditRecord } from '../../storage/audit-trail.ts';
import type { BackupEntry } from '../../storage/backup-entry.ts';
import { parseBackupName } from '../../storage/layout.ts';

const dayMs = 86_400_000;
const windowDays = 7;

/**
 * Bytes per day by which the storage grew in the last week: what was written, less what the audit trail says was deleted.
 *
 * @returns undefined where the first backup is younger than a day: nothing can be said yet
 */
export function growthPerDay(
  backups: readonly BackupEntry[],
  trail: readonly AuditRecord[],
  now: Date,
): number | undefined {
  const end = now.getTime();
  const moments = [
    ...backups.map(({ takenAt }) => takenAt.getTime()),
    ...trail
      .filter(({ action }) => action === 'backup' || action === 'delete')
      .map(({ at }) => Date.parse(at)),
  ];
  const ageDays = (end - Math.min(...moments, end)) / dayMs;
  if (ageDays < 1) return undefined;
  const days = Math.min(windowDays, ageDays);
  const begin = end - days * dayMs;
  const inWindow = (time: number): boolean => time >= begin && time <= end;
  let bytes = 0;
  for (const { takenAt, sizeBytes } of backups) if (inWindow(takenAt.getTime())) bytes += sizeBytes;
  const deleted = trail.filter(({ action, result }) => action === 'delete' && result === 'ok');
  for (const each of deleted.filter(({ at }) => inWindow(Date.parse(at)))) {
    // What was written within the week and is gone again has not been counted above.
    if (!wasTakenIn(each, inWindow)) bytes -= each.bytes ?? 0;
  }
  return bytes / days;
}

/** A backup's id ends with the name that tells when it was taken. */
function wasTakenIn({ backup = '' }: AuditRecord, inWindow: (time: number) => boolean): boolean {
  const taken = parseBackupName(backup.split('/').at(-1) ?? '')?.takenAt;
  return taken !== undefined && inWindow(taken.getTime());
}
