export interface Metric {
  name: string;
  help: string;
  type: 'gauge' | 'counter';
  samples: { labels: Record<string, string>; value: number }[];
}

/** Prometheus' text format, version 0.0.4. A metric without samples is left out. */
export function prometheusText(metrics: readonly Metric[]): string {
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

/** An accounts backup has the database `@accounts`, which no database can be called. */
export function placeLabels({
  instance,
  database,
}: {
  instance: string;
  database: string | null;
}): Record<string, string> {
  return { instance, database: database ?? '@accounts' };
}

/** Prometheus' base unit of time. */
export function seconds(time: Date): number {
  return time.getTime() / 1000;
}

function labelsText(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
