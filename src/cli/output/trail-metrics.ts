import type { StatusReport } from '../../operations/status.ts';
import type { AuditRecord } from '../../storage/audit-trail.ts';
import { type Metric, placeLabels, seconds } from './prometheus-text.ts';

/** What the audit trail counts. */
export function trailMetrics(report: StatusReport, trail: readonly AuditRecord[]): Metric[] {
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
      mayFail(report).map(placeLabels),
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

/** Everything that is backed up, and every instance as a whole: Prometheus sees no increase from nothing to 1. */
function mayFail({
  databases,
  neverBackedUp,
}: StatusReport): { instance: string; database: string | null }[] {
  const current = databases.filter(({ standing }) => standing === 'current');
  const instances = new Set([...current, ...neverBackedUp].map(({ instance }) => instance));
  return [...current, ...[...instances].map((instance) => ({ instance, database: '' }))];
}

/** @param atLeast of which there is a sample though nothing was found */
function counter(
  name: string,
  help: string,
  found: readonly Record<string, string>[],
  atLeast: readonly Record<string, string>[] = [],
): Metric {
  const counts = new Map<string, { labels: Record<string, string>; value: number }>();
  const count = (labels: Record<string, string>, more: number): void => {
    const key = JSON.stringify(labels);
    counts.set(key, { labels, value: (counts.get(key)?.value ?? 0) + more });
  };
  for (const labels of atLeast) count(labels, 0);
  for (const labels of found) count(labels, 1);
  return { name, help, type: 'counter', samples: [...counts.values()] };
}
