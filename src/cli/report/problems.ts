import type { PastProblem } from '../../operations/report.ts';
import { formatTime } from '../output/format.ts';
import { html, type Html } from './html.ts';

/** What failed, newest first. */
export function problemsBlock(problems: readonly PastProblem[]): Html {
  return html`<section>
    <h2>Failures</h2>
    ${
      problems.length === 0
        ? html`<p>None on record.</p>`
        : html`<ol class="problems">
            ${problems.map(problem)}
          </ol>`
    }
  </section>`;
}

function problem({ at, subject, message }: PastProblem): Html {
  return html`<li>
    <time datetime="${at.toISOString()}">${formatTime(at)}</time> <b>${subject}</b>
    <span class="message">${message}</span>
  </li> `;
}
