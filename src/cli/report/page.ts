import { type HealthVerdict, inWords } from '../../operations/health.ts';
import type { DatabaseReport, ReportData } from '../../operations/report.ts';
import type { StorageStatus } from '../../operations/status.ts';
import { formatBytes, formatCount, formatDuration, formatTime } from '../output/format.ts';
import { calendar, meanings } from './calendar.ts';
import { lineChart } from './chart.ts';
import { html, type Html } from './html.ts';
import { style } from './style.ts';

/** One page that needs nothing else: no script, no network. */
export function reportPage(data: ReportData, verdict: HealthVerdict, host: string): string {
  const { now, timezone, status, databases, problems } = data;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>Backups on ${host}</title>
        <style>
          ${{ html: style }}
        </style>
      </head>
      <body>
        <header>
          <h1>Backups on ${host}</h1>
          <p class="faint">${formatTime(now)}, days in ${timezone} time</p>
          ${verdictBlock(verdict)}
        </header>
        <main>
          ${storageBlock(status.storage)} ${legend()} ${databases.map((each) => databaseBlock(each, now))}
          ${problemsBlock(problems)}
        </main>
      </body>
    </html> `;
  return page.html;
}

const verdicts = {
  ok: 'All is well',
  warning: 'Something needs a look',
  critical: 'Something is wrong',
} as const;

function verdictBlock({ level, findings }: HealthVerdict): Html {
  return html`<p class="verdict ${level}">${verdicts[level]}</p>
    ${
      findings.length > 0
        ? html`<ul>
            ${findings.map(({ subject, message }) => html`<li><b>${subject}</b> ${message}</li>`)}
          </ul>`
        : undefined
    }`;
}

function storageBlock({
  path,
  usedBytes,
  backups,
  freeBytes,
  totalBytes,
  growthPerDay,
  daysUntilFull,
}: StorageStatus): Html {
  const taken = totalBytes > 0 ? Math.round((100 * (totalBytes - freeBytes)) / totalBytes) : 0;
  const growth =
    growthPerDay === undefined
      ? ''
      : `, ${growthPerDay < 0 ? '−' : '+'}${formatBytes(Math.abs(growthPerDay))} per day in the last week`;
  const full =
    daysUntilFull === undefined ? '' : `, full in about ${formatCount(Math.floor(daysUntilFull), 'day')}`;
  return html`<section>
    <h2>Storage</h2>
    <p>${formatCount(backups, 'backup')}, ${formatBytes(usedBytes)}${growth}</p>
    <div class="bar" role="img" aria-label="${taken} % of the file system is used">
      <div style="width:${taken}%"></div>
    </div>
    <p class="faint">${path}: ${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} free${full}</p>
  </section>`;
}

function legend(): Html {
  const sign = (shape: Html, words: string): Html =>
    html`<li><svg width="12" height="12" aria-hidden="true">${shape}</svg>${words}</li>`;
  const square = (mark: string): Html =>
    html`<rect class="${mark}" x="0" y="0" width="12" height="12" rx="2" />`;
  return html`<ul class="legend">
    ${meanings.map(([mark, words]) => sign(square(mark), words))}
    ${sign(html`${square('daily')}<circle class="proof" cx="6" cy="6" r="2.5" />`, 'proven')}
    ${sign(html`${square('daily')}<path class="pin" d="M0 0h5l-5 5z" />`, 'pinned')}
  </ul>`;
}

function databaseBlock({ status, days, made }: DatabaseReport, now: Date): Html {
  const { instance, database, lastGood, proof, nextDeletion, backups, sizeBytes, standing, failure } = status;
  const name = `${instance} / ${database ?? 'accounts'}`;
  const ago = (time: Date): string => `${inWords(now.getTime() - time.getTime())} ago`;
  const notes = {
    current: '',
    gone: ' It is not on the server any more.',
    unconfigured: ' Its server is not in the configuration any more.',
  };
  const points = (valueOf: (each: (typeof made)[number]) => number) =>
    made.map((each) => ({ at: each.at, value: valueOf(each) }));
  return html`<section>
    <h2>${name}</h2>
    <p>
      ${lastGood ? html`Last good backup ${ago(lastGood.takenAt)} (${formatBytes(lastGood.sizeBytes)}, took ${formatDuration(lastGood.durationMs)}).` : html`<b>There is no good backup.</b>`}${notes[standing]}
      ${failure ? html` <b>The last try failed:</b> ${failure.message}` : undefined}
    </p>
    <div class="scroll year">${calendar(days, `A year of backups of ${name}`)}</div>
    <p class="faint">
      ${formatCount(backups, 'backup')}, ${formatBytes(sizeBytes)}.
      ${proof ? `Last proven ${ago(proof.at)}.` : database === null ? '' : 'Never proven.'}
      ${nextDeletion ? `Retention deletes ${nextDeletion.id.split('/').at(-1)} next, on ${nextDeletion.at.toISOString().slice(0, 10)} if backups go on as they came.` : undefined}
    </p>
    ${
      made.length > 1
        ? html`<div class="charts">
            ${lineChart(
              'Size',
              points(({ bytes }) => bytes),
              formatBytes,
            )}${lineChart(
              'Time',
              points(({ durationMs }) => durationMs),
              formatDuration,
            )}
          </div>`
        : undefined
    }
  </section>`;
}

function problemsBlock(problems: ReportData['problems']): Html {
  if (problems.length === 0)
    return html`<section>
      <h2>Failures</h2>
      <p>None on record.</p>
    </section>`;
  return html`<section>
    <h2>Failures</h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">What</th>
            <th scope="col">Message</th>
          </tr>
        </thead>
        <tbody>
          ${problems.map(
            ({ at, subject, message }) =>
              html`<tr>
                <td>${formatTime(at)}</td>
                <td>${subject}</td>
                <td>${message}</td>
              </tr> `,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}
