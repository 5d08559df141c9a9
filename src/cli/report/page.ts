import type { HealthVerdict } from '../../operations/health.ts';
import type { ReportData } from '../../operations/report.ts';
import { formatTime } from '../output/format.ts';
import { signsOf } from './calendar.ts';
import { databaseBlock } from './database.ts';
import { glance } from './glance.ts';
import { html } from './html.ts';
import { problemsBlock } from './problems.ts';
import { legend, signs } from './signs.ts';
import { storageBlock } from './storage.ts';
import { style } from './style.ts';
import { verdictBlock } from './verdict.ts';

/** One page that needs nothing else: no script, no network. */
export function reportPage(data: ReportData, verdict: HealthVerdict, host: string): string {
  const { now, timezone, status, databases, problems } = data;
  const shown = new Set(databases.flatMap(({ days }) => days.flatMap(signsOf)));
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
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
          ${signs()} ${glance(databases, verdict, now)} ${legend(shown)} ${storageBlock(status.storage)}
          ${databases.map((each, index) => databaseBlock(each, `database-${index + 1}`, now))}
          ${problemsBlock(problems)}
        </main>
      </body>
    </html> `;
  return page.html;
}
