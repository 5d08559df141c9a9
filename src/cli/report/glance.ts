import { type HealthLevel, type HealthVerdict, inWords as ageInWords } from '../../operations/health.ts';
import type { DatabaseReport } from '../../operations/report.ts';
import { formatBytes } from '../output/format.ts';
import { strip } from './calendar.ts';
import { html, type Html } from './html.ts';
import { levelSign } from './verdict.ts';

const nights = 14;
const words: Readonly<Record<HealthLevel, string>> = {
  ok: 'all is well',
  warning: 'needs a look',
  critical: 'is wrong',
};

/** One line for each database, which leads to its own part of the page. */
export function glance(databases: readonly DatabaseReport[], verdict: HealthVerdict, now: Date): Html {
  return html`<section>
    <h2>At a glance</h2>
    ${databases.length === 0 ? html`<p>Nothing has been backed up yet.</p>` : undefined}
    <ul class="glance">
      ${databases.map((each, index) => line(each, `database-${index + 1}`, verdict, now))}
    </ul>
  </section>`;
}

function line({ status, days }: DatabaseReport, id: string, verdict: HealthVerdict, now: Date): Html {
  const { instance, database, lastGood, proof, standing } = status;
  const level = levelOf(`${instance}/${database ?? 'accounts'}`, verdict);
  const age = (time: Date): string => `${ageInWords(now.getTime() - time.getTime())} ago`;
  const judged = standing === 'current';
  const proven = proof ? `proven ${age(proof.at)}` : database === null ? '' : 'never proven';
  const facts = lastGood
    ? [age(lastGood.takenAt), formatBytes(lastGood.sizeBytes), proven]
    : ['no good backup'];
  return html`<li>
    ${judged ? levelSign(level, words[level]) : html`<span></span>`}
    <a href="#${id}">${nameOf(status)}</a>
    ${strip(days.slice(-nights))}
    <span class="faint">${facts.filter((fact) => fact !== '').join(' · ')}</span>
  </li> `;
}

export function nameOf({ instance, database }: { instance: string; database: string | null }): string {
  return `${instance} / ${database ?? 'accounts'}`;
}

function levelOf(subject: string, { findings }: HealthVerdict): HealthLevel {
  const own = findings.filter((finding) => finding.subject === subject);
  return own.some(({ level }) => level === 'critical') ? 'critical' : own.length > 0 ? 'warning' : 'ok';
}
