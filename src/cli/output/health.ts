import { asVyaError } from '../../errors.ts';
import { type HealthThresholds, type HealthVerdict, inWords } from '../../operations/health.ts';
import type { Outcome } from '../context.ts';
import { formatCount, printable } from './format.ts';
import { errorAsJson } from './print.ts';

/** The convention of monitoring plugins. */
const codes = { ok: 0, warning: 1, critical: 2 } as const;
const unknown = 3;

export function healthOutcome(verdict: HealthVerdict, thresholds: HealthThresholds): Outcome {
  const { level, findings, databases, oldestMs } = verdict;
  const good = oldestMs === undefined ? '' : `, the oldest good backup is ${inWords(oldestMs)} old`;
  const counted = formatCount(databases, 'database');
  const [first] = findings;
  const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : '';
  const says = first ? `${first.subject} ${first.message}${more}` : `${counted}${good}`;
  const lines = findings.map((each) => `${each.level.toUpperCase()}: ${each.subject} ${each.message}`);
  const head = `VYA ${level.toUpperCase()}: ${plain(says)} | ${performanceData(verdict, thresholds)}`;
  return {
    code: codes[level],
    json: { status: level, code: codes[level], databases, oldestMs, findings },
    text: [head, ...(lines.length > 1 ? lines.map(plain) : [])].join('\n'),
  };
}

/** What cannot be looked at is not well, and not known to be bad. */
export function unknownOutcome(error: unknown): Outcome {
  const failure = asVyaError(error);
  const hint = failure.hint === undefined ? [] : [plain(failure.hint)];
  return {
    code: unknown,
    json: { status: 'unknown', code: unknown, error: errorAsJson(failure) },
    text: [`VYA UNKNOWN: ${plain(failure.message)}`, ...hint].join('\n'),
  };
}

function performanceData(
  { databases, oldestMs, findings }: HealthVerdict,
  thresholds: HealthThresholds,
): string {
  const limits = [thresholds.warningAgeMs, thresholds.criticalAgeMs].map((ms) => (ms > 0 ? ms / 1000 : ''));
  const oldest =
    oldestMs === undefined ? [] : [`oldest_backup=${Math.floor(oldestMs / 1000)}s;${limits.join(';')}`];
  return [`databases=${databases}`, `findings=${findings.length}`, ...oldest].join(' ');
}

/** One line, without the sign that begins performance data. */
function plain(text: string): string {
  return printable(text.replaceAll('\n', ' ').replaceAll('|', '/'));
}
