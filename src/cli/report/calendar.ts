import type { Day, DayMark } from '../../operations/report/days.ts';
import { html, type Html } from './html.ts';

/** What each colour means, in the order of the legend. */
export const meanings: readonly (readonly [DayMark, string])[] = [
  ['daily', 'kept for its day'],
  ['weekly', 'for its week'],
  ['monthly', 'for its month'],
  ['yearly', 'for its year'],
  ['kept', 'kept otherwise'],
  ['gone', 'made, deleted since'],
  ['failed', 'failed'],
  ['missed', 'none was made'],
];

const cell = 12;
const gap = 2;
const step = cell + gap;
const top = 14;

/** A year of days, a column for each week, Monday above. Each day says in words what its colour shows. */
export function calendar(days: readonly Day[], label: string): Html {
  const offset = weekday(days[0]?.date ?? '1970-01-01');
  const weeks = Math.ceil((days.length + offset) / 7);
  const [width, height] = [weeks * step, top + 7 * step];
  return html`<svg
    class="calendar"
    role="img"
    aria-label="${label}"
    viewBox="0 0 ${width} ${height}"
    width="${width}"
    height="${height}"
  >
    ${months(days, offset)}${days.map((day, index) => dayCell(day, index + offset))}
  </svg>`;
}

function dayCell(day: Day, place: number): Html {
  if (day.mark === 'none') return html``;
  const [x, y] = [Math.floor(place / 7) * step, top + (place % 7) * step];
  const pin = day.pinned ? html`<path class="pin" d="M${x} ${y}h5l-5 5z" />` : undefined;
  const proof = day.proven
    ? html`<circle class="proof" cx="${x + cell / 2}" cy="${y + cell / 2}" r="2.5" />`
    : undefined;
  return html`<g
    ><title>${inWords(day)}</title
    ><rect class="${day.mark}" x="${x}" y="${y}" width="${cell}" height="${cell}" rx="2" />${pin}${proof}</g
  > `;
}

function inWords({ date, mark, pinned, proven, backups }: Day): string {
  const meaning = meanings.find(([each]) => each === mark)?.[1] ?? '';
  const notes = [
    pinned ? 'pinned' : '',
    proven ? 'proven' : '',
    backups.length > 1 ? `${backups.length} backups` : '',
  ];
  return [`${date}: ${meaning}`, ...notes.filter((note) => note !== '')].join(', ');
}

function months(days: readonly Day[], offset: number): Html[] {
  const names = new Intl.DateTimeFormat('en', { month: 'short', timeZone: 'UTC' });
  return days.flatMap(({ date }, index) => {
    if (!date.endsWith('-01')) return [];
    const x = Math.floor((index + offset) / 7) * step;
    return [html`<text x="${x}" y="10">${names.format(new Date(`${date}T12:00:00Z`))}</text>`];
  });
}

/** 0 for Monday. */
function weekday(date: string): number {
  return (new Date(`${date}T12:00:00Z`).getUTCDay() + 6) % 7;
}
