import type { VyaResult } from '../vya.ts';

/** What an operator is told of a mistake: the exit code, what is wrong, and the next thing to do. */
export interface Told {
  code: number;
  message: string;
  hint: string;
}

/** An error that ended the command at once, on stderr alone. */
export function told({ code, stdout, stderr }: VyaResult): Told {
  const [, message, hint = ''] =
    /^vya: error: ([^\n]*(?:\n {2}- [^\n]*)*)\n(?: {2}(.*)\n)?$/s.exec(stderr) ?? [];
  if (message === undefined || stdout !== '')
    throw new Error(`not one error alone, but ${code}\n${stdout}\n${stderr}`);
  return { code, message, hint: hint.replaceAll('\n  ', '\n') };
}

/** The first error of a report, without the names that stand before it. */
export function reported({ code, stdout, stderr }: VyaResult, subject: string): Told {
  const lines = stdout.split('\n');
  const at = lines.findIndex((line) => line.startsWith(`error: ${subject}: `));
  if (at < 0) throw new Error(`no error of ${subject} in the report, but ${code}\n${stdout}\n${stderr}`);
  const end = lines.findIndex((line, index) => index > at && !line.startsWith('  '));
  const hint = lines.slice(at + 1, end).map((line) => line.trim());
  return { code, message: lines[at]!.slice(`error: ${subject}: `.length), hint: hint.join('\n') };
}
