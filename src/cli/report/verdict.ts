import type { HealthFinding, HealthLevel, HealthVerdict } from '../../operations/health.ts';
import { html, type Html } from './html.ts';

const headlines: Readonly<Record<HealthLevel, string>> = {
  ok: 'All is well',
  warning: 'Something needs a look',
  critical: 'Something is wrong',
};

const shapes: Readonly<Record<HealthLevel, Html>> = {
  ok: html`<circle cx="10" cy="10" r="9" /><path d="M5.5 10.5l3 3 6-7" />`,
  warning: html`<path class="body" d="M10 1.5l9 16.5h-18z" /><path d="M10 7.5v5M10 15v.5" />`,
  critical: html`<rect x="1" y="1" width="18" height="18" rx="4" /><path d="M6 6l8 8M14 6l-8 8" />`,
};

/** @param words what it says to those who do not see it; absent: the text beside it does */
export function levelSign(level: HealthLevel, words?: string): Html {
  return html`<svg
    class="level ${level}"
    width="20"
    height="20"
    viewBox="0 0 20 20"
    ${words === undefined ? html`aria-hidden="true"` : html`role="img" aria-label="${words}"`}
  >
    ${shapes[level]}
  </svg>`;
}

export function verdictBlock({ level, findings }: HealthVerdict): Html {
  return html`<div class="verdict ${level}">
    <p>${levelSign(level)} <b>${headlines[level]}</b></p>
    ${
      findings.length > 0
        ? html`<ul>
            ${findings.map(finding)}
          </ul>`
        : undefined
    }
  </div>`;
}

function finding({ level, subject, message }: HealthFinding): Html {
  return html`<li>
    ${levelSign(level, level)} <span><b>${subject}</b> ${message}</span>
  </li>`;
}
