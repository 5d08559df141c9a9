import type { Day } from '../../operations/report/days.ts';
import { formatCount } from '../output/format.ts';
import { html, type Html } from './html.ts';
import { cell, meanings, placed } from './signs.ts';

const step = cell + 2;
const top = 16;
const left = 30;
/** A calendar of a storage that has just begun shows at least so many days. */
const fewest = 12 * 7;

/** Up to a year of days, a column for each week, Monday above. Each day says in words what its sign shows. */
export function calendar(year: readonly Day[], name: string): Html {
  const days = recorded(year);
  const offset = weekday(days[0]?.date ?? '1970-01-01');
  const weeks = Math.ceil((days.length + offset) / 7);
  const [width, height] = [left + weeks * step, top + 7 * step];
  return html`<div class="scroll year" role="region" tabindex="0" aria-label="Calendar of ${name}">
    <svg
      class="calendar"
      role="group"
      aria-label="${inNumbers(days)}"
      viewBox="0 0 ${width} ${height}"
      width="${width}"
      height="${height}"
    >
      <g aria-hidden="true">${weekdays()}${months(days, offset, weeks)}</g>
      ${days.map((day, index) => {
        const place = index + offset;
        return dayCell(day, left + Math.floor(place / 7) * step, top + (place % 7) * step);
      })}
    </svg>
  </div>`;
}

/** The last days in one row. */
export function strip(days: readonly Day[]): Html {
  const width = days.length * step;
  return html`<svg
    class="strip"
    role="group"
    aria-label="${`The last ${formatCount(days.length, 'day')}`}"
    width="${width}"
    height="${cell}"
    viewBox="0 0 ${width} ${cell}"
  >
    ${days.map((day, index) => dayCell(day, index * step, 0))}
  </svg>`;
}

function dayCell(day: Day, x: number, y: number): Html {
  if (day.mark === 'none') return html``;
  return html`<g role="img"><title>${inWords(day)}</title>${placed(signsOf(day), x, y)}</g> `;
}

/** The names of the signs that show a day. */
export function signsOf({ mark, pinned, proven }: Day): string[] {
  if (mark === 'none') return [];
  return [mark, ...(proven ? ['proven'] : []), ...(pinned ? ['pinned'] : [])];
}

export function inWords({ date, mark, pinned, proven, backups }: Day): string {
  const meaning = meanings.find((each) => each.mark === mark)?.words ?? '';
  const notes = [
    pinned ? 'pinned' : '',
    proven ? 'proven' : '',
    backups.length > 1 ? `${backups.length} backups` : '',
  ];
  return [`${date}: ${meaning}`, ...notes.filter((note) => note !== '')].join(', ');
}

/** `371 days: 30 with backups, 335 whose backups were deleted since, 2 failed, 4 without any` */
function inNumbers(days: readonly Day[]): string {
  const count = (...marks: string[]): number => days.filter(({ mark }) => marks.includes(mark)).length;
  const [gone, failed, missed, none] = [count('gone'), count('failed'), count('missed'), count('none')];
  const damaged = count('damaged');
  const kept = days.length - gone - failed - missed - none - damaged;
  return [
    `${formatCount(days.length - none, 'day')}: ${kept} with backups`,
    ...(damaged > 0 ? [`${damaged} with damaged ones only`] : []),
    `${gone} whose backups were deleted since`,
    `${failed} failed`,
    `${missed} without any`,
  ].join(', ');
}

/** Without the whole weeks before there was anything. */
function recorded(days: readonly Day[]): readonly Day[] {
  const first = days.findIndex(({ mark }) => mark !== 'none');
  if (first < 0) return days.slice(-fewest);
  return days.slice(Math.min(Math.floor(first / 7) * 7, Math.max(0, days.length - fewest)));
}

function weekdays(): Html[] {
  return ['Mon', 'Wed', 'Fri', 'Sun'].map(
    (name, index) => html`<text x="0" y="${top + index * 2 * step + 12}">${name}</text>`,
  );
}

function months(days: readonly Day[], offset: number, weeks: number): Html[] {
  const names = new Intl.DateTimeFormat('en', { month: 'short', timeZone: 'UTC' });
  return days.flatMap(({ date }, index) => {
    const week = Math.floor((index + offset) / 7);
    // There is no room for a word above the last column.
    if (!date.endsWith('-01') || week >= weeks - 1) return [];
    return [
      html`<text x="${left + week * step}" y="11">${names.format(new Date(`${date}T12:00:00Z`))}</text>`,
    ];
  });
}

/** 0 for Monday. */
function weekday(date: string): number {
  return (new Date(`${date}T12:00:00Z`).getUTCDay() + 6) % 7;
}
