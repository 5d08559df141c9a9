import { inWords as ageInWords } from '../../operations/health.ts';
import type { DatabaseReport } from '../../operations/report.ts';
import type { Day } from '../../operations/report/days.ts';
import { formatBytes, formatCount, formatDuration } from '../output/format.ts';
import { calendar, inWords } from './calendar.ts';
import { lineChart } from './chart.ts';
import { nameOf } from './glance.ts';
import { html, type Html } from './html.ts';

const notes = {
  current: '',
  gone: ' It is not on the server any more.',
  unconfigured: ' Its server is not in the configuration any more.',
};

/** All about one database. */
export function databaseBlock(report: DatabaseReport, id: string, now: Date): Html {
  const { status, days, made } = report;
  const { lastGood, failure, standing } = status;
  return html`<section id="${id}">
    <h2>${nameOf(status)}</h2>
    <p>
      ${lastGood ? html`Last good backup ${ago(lastGood.takenAt, now)} (${formatBytes(lastGood.sizeBytes)}, took ${formatDuration(lastGood.durationMs)}).` : html`<b>There is no good backup.</b>`}${notes[standing]}
      ${failure ? html` <b>The last try failed:</b> ${failure.message}` : undefined}
    </p>
    ${calendar(days, nameOf(status))}
    <p class="faint">${outlook(report, now)}</p>
    ${
      made.length > 1
        ? html`<div class="charts">
            ${lineChart('Size', pointsOf(made, 'bytes'), formatBytes)}
            ${lineChart('Time', pointsOf(made, 'durationMs'), formatDuration)}
          </div>`
        : undefined
    }
    ${dayByDay(days, nameOf(status))}
  </section>`;
}

function pointsOf(made: DatabaseReport['made'], key: 'bytes' | 'durationMs'): { at: Date; value: number }[] {
  return made.map((each) => ({ at: each.at, value: each[key] }));
}

function outlook({ status }: DatabaseReport, now: Date): Html {
  const { database, proof, nextDeletion, backups, sizeBytes } = status;
  const proven = proof ? `Last proven ${ago(proof.at, now)}.` : database === null ? '' : 'Never proven.';
  const next = nextDeletion
    ? `Retention deletes ${nextDeletion.id.split('/').at(-1)} next, on ${nextDeletion.at.toISOString().slice(0, 10)} if backups go on as they came.`
    : '';
  return html`${formatCount(backups, 'backup')}, ${formatBytes(sizeBytes)}. ${proven} ${next}`;
}

/** What the calendar shows, in words, for fingers and keyboards: a tooltip needs a mouse. Newest first. */
function dayByDay(days: readonly Day[], name: string): Html {
  const told = days.filter(({ mark }) => mark !== 'none' && mark !== 'gone').toReversed();
  if (told.length === 0) return html``;
  return html`<details aria-label="${name}, day by day">
    <summary>Day by day</summary>
    <ul class="days">
      ${told.map((day) => html`<li class="is-${day.mark}">${inWords(day)}</li> `)}
    </ul>
  </details>`;
}

function ago(time: Date, now: Date): string {
  return `${ageInWords(now.getTime() - time.getTime())} ago`;
}
