import type { DayMark } from '../../operations/report/days.ts';
import { html, type Html } from './html.ts';

/** Side of a day's square. */
export const cell = 16;

/** What each sign means, in the order of the legend. A letter or a shape says it, too: not everybody sees the colours. */
export const meanings: readonly { mark: DayMark; words: string; letter?: string }[] = [
  { mark: 'hourly', words: 'kept for its hour', letter: 'H' },
  { mark: 'daily', words: 'kept for its day', letter: 'D' },
  { mark: 'weekly', words: 'kept for its week', letter: 'W' },
  { mark: 'monthly', words: 'kept for its month', letter: 'M' },
  { mark: 'yearly', words: 'kept for its year', letter: 'Y' },
  { mark: 'kept', words: 'kept otherwise', letter: 'K' },
  { mark: 'damaged', words: 'stored, but damaged', letter: '!' },
  { mark: 'gone', words: 'made, deleted since' },
  { mark: 'failed', words: 'failed' },
  { mark: 'missed', words: 'none was made' },
];

/** Every sign once; calendars and the legend refer to them. */
export function signs(): Html {
  return html`<svg width="0" height="0" aria-hidden="true" class="signs">
    <defs>
      ${meanings.map(({ mark, letter }) => html`<g id="${mark}">${shape(mark, letter)}</g>`)}
      <path id="pinned" class="pin" d="M${cell - 8} -1h9v9z" />
      <g id="proven">
        <rect class="proof" width="${cell}" height="${cell}" rx="3" />
        <rect class="seam" x="1.5" y="1.5" width="${cell - 3}" height="${cell - 3}" rx="2" />
      </g>
    </defs>
  </svg>`;
}

function shape(mark: DayMark, letter: string | undefined): Html {
  if (mark === 'gone') return html`<circle class="gone" cx="${cell / 2}" cy="${cell / 2}" r="2.5" />`;
  if (mark === 'missed')
    return html`<rect class="missed" x="1.5" y="1.5" width="${cell - 3}" height="${cell - 3}" rx="2" />`;
  const square = html`<rect class="${mark}" width="${cell}" height="${cell}" rx="3" />`;
  if (mark === 'failed') return html`${square}<path class="cross" d="M5 5l6 6M11 5l-6 6" />`;
  return html`${square}<text class="letter on-${mark}" x="${cell / 2}" y="12" text-anchor="middle"
      >${letter}</text
    >`;
}

/** The signs of one day, at a place of the drawing around it. */
export function placed(names: readonly string[], x: number, y: number): Html[] {
  return names.map((name) => html`<use href="#${name}" x="${x}" y="${y}" />`);
}

/** Only what this page shows needs to be explained. */
export function legend(shown: ReadonlySet<string>): Html {
  const items = [
    ...meanings.map(({ mark, words }) => ({ name: mark, names: [mark], words })),
    { name: 'proven', names: ['daily', 'proven'], words: 'proven by a rehearsal' },
    { name: 'pinned', names: ['daily', 'pinned'], words: 'pinned' },
  ];
  return html`<ul class="legend" aria-label="What the signs mean">
    ${items
      .filter(({ name }) => shown.has(name))
      .map(
        ({ names, words }) =>
          html`<li>
            <svg width="${cell}" height="${cell}" aria-hidden="true">${placed(names, 0, 0)}</svg>${words}
          </li>`,
      )}
  </ul>`;
}
