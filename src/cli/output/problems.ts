import { VyaError } from '../../errors.ts';
import { printable } from './format.ts';

/** An error with its hint and the warnings of one thing, a line each, for the text below a table. */
export function describeProblems(
  subject: string,
  { error, warnings = [] }: { error?: VyaError | undefined; warnings?: readonly string[] },
): string[] {
  const lines = warnings.map((warning) => `warning: ${subject}: ${withoutSubject(subject, warning)}`);
  if (error) {
    lines.push(`error: ${subject}: ${withoutSubject(subject, error.message)}`);
    if (error.hint) lines.push(...error.hint.split('\n').map((line) => `  ${line}`));
  }
  return lines.flatMap((line) => line.split('\n').map(printable));
}

/** The same failure with its subject in front, for where it stands alone. */
export function withSubject(subject: string, error: VyaError | undefined): VyaError | undefined {
  if (!error) return undefined;
  const message = `${subject}: ${withoutSubject(subject, error.message)}`;
  return new VyaError(error.kind, message, { hint: error.hint, cause: error });
}

/** Messages stand alone elsewhere, so many begin with the instance or the database that the subject names already. */
function withoutSubject(subject: string, message: string): string {
  const known = subject.split('/').find((part) => message.startsWith(`${part}: `));
  return known === undefined ? message : message.slice(known.length + 2);
}
