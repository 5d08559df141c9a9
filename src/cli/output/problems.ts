import type { VyaError } from '../../errors.ts';
import { printable } from './format.ts';

/** An error with its hint and the warnings of one thing, a line each, for the text below a table. */
export function describeProblems(
  subject: string,
  { error, warnings = [] }: { error?: VyaError | undefined; warnings?: readonly string[] },
): string[] {
  const lines = warnings.map((warning) => `warning: ${subject}: ${warning}`);
  if (error) {
    lines.push(`error: ${subject}: ${error.message}`);
    if (error.hint) lines.push(...error.hint.split('\n').map((line) => `  ${line}`));
  }
  return lines.flatMap((line) => line.split('\n').map(printable));
}
