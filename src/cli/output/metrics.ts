import type { StatusReport } from '../../operations/status.ts';
import type { AuditRecord } from '../../storage/audit-trail.ts';

interface Metric {
  name: string;
  help: string;
  type: 'gauge' | 'counter';
  samples: { labels: Record<string, string>; value: number }[];
}

/**
 * The state of all backups in Prometheus' text format, version 0.0.4, with the base units and suffixes that its naming practices ask
 * for. An accounts backup has the database `@accounts`, which no database can be called.
 */
export function metricsText(report: StatusReport, trail: readonly AuditRecord[]): string {
  const metrics = [...databaseMetrics(report), ...trailMetrics(trail), ...storageMetrics(report)];
  return metrics
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) =>
      [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} ${type}`,
        ...samples.map(({ labels, value }) => `${name}${labelsText(labels)} ${value}`),
        '',
      ].join('\n'),
    )
    .join('');
}

function databaseMetrics({ databases }: StatusReport): Metric[] {
  const current = databases.filter(({ standing }) => standing === 'current');
  const each = (
    name: string,
    help: string,
    valueOf: (of: (typeof current)[number]) => number | undefined,
  ): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: current.flatMap((database) => {
      const value = valueOf(database);
      return value === undefined ? [] : [{ labels: placeLabels(database), value }];
    }),
  });
  return [
    each(
      'vya_backup_last_success_timestamp_seconds',
      'When the last good backup was begun; 0: there is none.',
      ({ lastGood }) => seconds(lastGood?.takenAt ?? new Date(0)),
    ),
    each(
      'vya_backup_last_success_size_bytes',
      'Stored size of the last good backup.',
      ({ lastGood }) => lastGood?.sizeBytes,
    ),
    each(
      'vya_backup_last_success_duration_seconds',
      'How long the last good backup took.',
      ({ lastGood }) => lastGood && lastGood.durationMs / 1000,
    ),
    each(
      'vya_backup_last_proof_timestamp_seconds',
      'When a backup last passed a rehearsal; 0: none has.',
      ({ proof }) => seconds(proof?.at ?? new Date(0)),
    ),
    each('vya_backups', 'How many backups are stored.', ({ backups }) => backups),
    each('vya_backups_size_bytes', 'Stored size of all backups.', ({ sizeBytes }) => sizeBytes),
  ];
}

function trailMetrics(trail: readonly AuditRecord[]): Metric[] {
  const runs = trail.filter(({ action }) => action === 'backup');
  const failures = runs.flatMap(({ databases = [] }) =>
    databases
      .filter(({ result }) => result === 'failed')
      .map(({ instance, database = '' }) => ({ instance, database })),
  );
  const acts = (action: string): Record<string, string>[] =>
    trail.flatMap(({ action: found, instance = '', database = '', result }) =>
      found === action ? [{ ...placeLabels({ instance, database }), result }] : [],
    );
  const last = runs.at(-1);
  return [
    counter(
      'vya_backup_failures_total',
      'Backups that failed, since the audit trail began; database "": the whole instance.',
      failures.map(placeLabels),
    ),
    counter('vya_restores_total', 'Restores by their result, since the audit trail began.', acts('restore')),
    counter(
      'vya_deletions_total',
      'Backups that retention deleted, since the audit trail began.',
      acts('delete'),
    ),
    {
      name: 'vya_last_run_timestamp_seconds',
      help: 'When the last run of vya backup ended.',
      type: 'gauge',
      samples: last ? [{ labels: { result: last.result }, value: seconds(new Date(last.at)) }] : [],
    },
  ];
}

function storageMetrics({ storage }: StatusReport): Metric[] {
  const one = (name: string, help: string, value: number): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: [{ labels: {}, value }],
  });
  return [
    one('vya_storage_used_bytes', 'Stored size of all backups, of every instance.', storage.usedBytes),
    one('vya_storage_free_bytes', 'What may still be written where the backups are.', storage.freeBytes),
    one('vya_storage_size_bytes', 'Size of the file system where the backups are.', storage.totalBytes),
  ];
}

function counter(name: string, help: string, found: readonly Record<string, string>[]): Metric {
  const counts = new Map<string, { labels: Record<string, string>; value: number }>();
  for (const labels of found) {
    const key = JSON.stringify(labels);
    counts.set(key, { labels, value: (counts.get(key)?.value ?? 0) + 1 });
  }
  return { name, help, type: 'counter', samples: [...counts.values()] };
}

function placeLabels({
  instance,
  database,
}: {
  instance: string;
  database: string | null;
}): Record<string, string> {
  return { instance, database: database ?? '@accounts' };
}

function labelsText(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function seconds(time: Date): number {
  return time.getTime() / 1000;
}
