import { html, type Html } from './html.ts';

export interface Point {
  at: Date;
  value: number;
}

const [width, height] = [360, 90];
const [left, right, top, bottom] = [4, 4, 14, 16];

/**
 * A line from the first to the last point, from zero upwards, with its highest and last value in words.
 *
 * @param format a value, as people read it
 */
export function lineChart(title: string, points: readonly Point[], format: (value: number) => string): Html {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return html``;
  const most = Math.max(...points.map(({ value }) => value), 1);
  const span = Math.max(1, last.at.getTime() - first.at.getTime());
  const x = ({ at }: Point): string =>
    (left + ((at.getTime() - first.at.getTime()) / span) * (width - left - right)).toFixed(1);
  const y = ({ value }: Point): string =>
    (height - bottom - (value / most) * (height - top - bottom)).toFixed(1);
  const line = points.map((point) => `${x(point)},${y(point)}`).join(' ');
  const words = `${title}: last ${format(last.value)}, at most ${format(most)}`;
  const day = (point: Point): string => point.at.toISOString().slice(0, 10);
  return html`<figure>
    <figcaption>${title}</figcaption>
    <svg
      class="chart"
      role="img"
      aria-label="${words}"
      viewBox="0 0 ${width} ${height}"
      width="${width}"
      height="${height}"
    >
      <line class="base" x1="${left}" y1="${height - bottom}" x2="${width - right}" y2="${height - bottom}" />
      ${points.length > 1 ? html`<polyline points="${line}" />` : undefined}
      <circle cx="${x(last)}" cy="${y(last)}" r="3" />
      <text x="${left}" y="10">at most ${format(most)}</text>
      <text x="${width - right}" y="10" text-anchor="end">last ${format(last.value)}</text>
      <text x="${left}" y="${height - 3}">${day(first)}</text>
      <text x="${width - right}" y="${height - 3}" text-anchor="end">${day(last)}</text>
    </svg>
  </figure>`;
}
