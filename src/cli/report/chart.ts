import { html, type Html } from './html.ts';

export interface Point {
  at: Date;
  value: number;
}

const [width, height] = [480, 130];
const mostPoints = 240;
const [left, right, top, bottom] = [2, 6, 26, 20];

/**
 * A line from the first to the last point, from zero upwards, with its highest and last value in words.
 *
 * @param format a value, as people read it
 */
export function lineChart(title: string, all: readonly Point[], format: (value: number) => string): Html {
  const points = thinned(all);
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return html``;
  const most = Math.max(...points.map(({ value }) => value), 1);
  const span = Math.max(1, last.at.getTime() - first.at.getTime());
  const x = ({ at }: Point): string =>
    (left + ((at.getTime() - first.at.getTime()) / span) * (width - left - right)).toFixed(1);
  const y = ({ value }: { value: number }): string =>
    (height - bottom - (value / most) * (height - top - bottom)).toFixed(1);
  const line = points.map((point) => `${x(point)},${y(point)}`).join(' ');
  const ground = height - bottom;
  const words = `${title}: last ${format(last.value)}, at most ${format(most)}`;
  const day = (point: Point): string => point.at.toISOString().slice(0, 10);
  const rule = (value: number): Html =>
    html`<line class="base" x1="${left}" y1="${y({ value })}" x2="${width - right}" y2="${y({ value })}" />`;
  return html`<figure>
    <figcaption>${title} <b>${format(last.value)}</b></figcaption>
    <svg class="chart" role="img" aria-label="${words}" viewBox="0 0 ${width} ${height}">
      ${[0, most / 2, most].map(rule)}
      ${points.length > 1 ? html`<polygon points="${x(first)},${ground} ${line} ${x(last)},${ground}" /><polyline points="${line}" />` : undefined}
      <circle cx="${x(last)}" cy="${y(last)}" r="4" />
      <text x="${left}" y="${top - 6}">at most ${format(most)}</text>
      <text x="${left}" y="${height - 4}">${day(first)}</text>
      <text x="${width - right}" y="${height - 4}" text-anchor="end">${day(last)}</text>
    </svg>
  </figure>`;
}

/** Years of nights are more than there are pixels: the highest of several neighbours stands for them. The last one stays. */
function thinned(points: readonly Point[]): readonly Point[] {
  const together = Math.ceil(points.length / mostPoints);
  const last = points.at(-1);
  if (together < 2 || !last) return points;
  const highest = Array.from({ length: Math.ceil(points.length / together) }, (_, index) =>
    points
      .slice(index * together, (index + 1) * together)
      .reduce((high, point) => (point.value > high.value ? point : high)),
  );
  return highest.at(-1) === last ? highest : [...highest, last];
}
