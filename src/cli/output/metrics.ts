import type { HealthThresholds } from '../../operations/health.ts';
import type { DatabaseStatus, StatusReport } from '../../operations/status.ts';
import type { AuditRecord } from '../../storage/audit-trail.ts';
import { type Metric, placeLabels, prometheusText, seconds } from './prometheus-text.ts';
import { trailMetrics } from './trail-metrics.ts';

/** The state of all backups for Prometheus, with the base units and suffixes that its naming practices ask for. */
export function metricsText(
  report: StatusReport,
  trail: readonly AuditRecord[],
  thresholds: HealthThresholds,
): string {
  return prometheusText([
    ...databaseMetrics(report, thresholds),
    ...trailMetrics(report, trail),
    ...storageMetrics(report),
  ]);
}

type Watched = Pick<DatabaseStatus, 'instance' | 'database'> &
  Partial<Omit<DatabaseStatus, 'instance' | 'database'>>;

function databaseMetrics(report: StatusReport, thresholds: HealthThresholds): Metric[] {
  // Of an instance that was never backed up nobody knows the databases: it is missed as a whole.
  const watched: Watched[] = [
    ...report.databases.filter(({ standing }) => standing === 'current'),
    ...report.neverBackedUp.map((each) => ({ ...each, database: '' })),
  ];
  const each = (name: string, help: string, valueOf: (of: Watched) => number | undefined): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: watched.flatMap((of) => {
      const value = valueOf(of);
      return value === undefined ? [] : [{ labels: placeLabels(of), value }];
    }),
  });
  // Beside each database, so that a rule need not know how a server's labels are joined.
  const limit = (name: string, help: string, milliseconds: number): Metric =>
    each(name, help, () => (milliseconds > 0 ? milliseconds / 1000 : undefined));
  const { warningAgeMs, criticalAgeMs } = thresholds;
  return [
    each(
      'vya_backup_last_success_timestamp_seconds',
      'When the last good backup was begun; 0: there is none; database "": nor any of the whole instance.',
      ({ lastGood }) => seconds(lastGood?.takenAt ?? new Date(0)),
    ),
    limit('vya_backup_age_warning_seconds', 'At which age of it vya health warns.', warningAgeMs),
    limit('vya_backup_age_critical_seconds', 'At which age of it vya health is critical.', criticalAgeMs),
    each(
      'vya_backup_last_success_size_bytes',
      'Stored size of the last good backup.',
      ({ lastGood }) => lastGood?.sizeBytes,
    ),
    each(
      'vya_backup_previous_success_size_bytes',
      'Stored size of the good backup before the last one.',
      ({ sizeBefore }) => sizeBefore,
    ),
    each(
      'vya_backup_last_success_duration_seconds',
      'How long the last good backup took.',
      ({ lastGood }) => lastGood && lastGood.durationMs / 1000,
    ),
    each('vya_backup_last_try_success', '1: the last try made a good backup; 0: it failed.', (of) =>
      of.failure ? 0 : of.lastGood ? 1 : undefined,
    ),
    ...proofMetrics(each, thresholds),
    each('vya_backups', 'How many backups are stored.', ({ backups }) => backups),
    each('vya_backups_size_bytes', 'Stored size of all backups.', ({ sizeBytes }) => sizeBytes),
  ];
}

/** Accounts, and what there is no backup of, are never rehearsed. */
function proofMetrics(
  each: (name: string, help: string, valueOf: (of: Watched) => number | undefined) => Metric,
  { proofAgeMs }: HealthThresholds,
): Metric[] {
  const ofDatabases =
    (valueOf: (of: Watched) => number | undefined) =>
    (of: Watched): number | undefined =>
      of.database ? valueOf(of) : undefined;
  return [
    each(
      'vya_backup_last_proof_timestamp_seconds',
      'When a backup last passed a rehearsal; 0: none has.',
      ofDatabases(({ proof }) => seconds(proof?.at ?? new Date(0))),
    ),
    each(
      'vya_backup_proof_age_warning_seconds',
      'At which age of that proof vya health warns.',
      ofDatabases(() => (proofAgeMs > 0 ? proofAgeMs / 1000 : undefined)),
    ),
    each(
      'vya_backup_last_success_rehearsal_failed',
      '1: the last good backup failed its rehearsal.',
      ofDatabases(({ failedRehearsal }) => Number(failedRehearsal)),
    ),
  ];
}

function storageMetrics({ storage, warnings }: StatusReport): Metric[] {
  const one = (name: string, help: string, value: number | undefined): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: value === undefined ? [] : [{ labels: {}, value }],
  });
  const { daysUntilFull } = storage;
  return [
    one('vya_storage_used_bytes', 'Stored size of all backups, of every instance.', storage.usedBytes),
    one('vya_storage_free_bytes', 'What may still be written where the backups are.', storage.freeBytes),
    one('vya_storage_size_bytes', 'Size of the file system where the backups are.', storage.totalBytes),
    one(
      'vya_storage_until_full_seconds',
      'Time until it is full, if backups grow as in the last week; absent where nobody can tell.',
      daysUntilFull === undefined ? undefined : Math.round(daysUntilFull * 86_400),
    ),
    one('vya_storage_warnings', 'How much in the storage is damaged or not understood.', warnings.length),
  ];
}
