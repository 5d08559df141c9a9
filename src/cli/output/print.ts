import { styleText } from 'node:util';
import type { VyaError } from '../../errors.ts';
import type { CliContext, Outcome, Text } from '../context.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { printable } from './format.ts';
import { renderTable } from './table.ts';

/** Whether JSON was asked for, known even where the arguments cannot be parsed: a usage error is JSON, too. */
export function wantsJson(argv: readonly string[]): boolean {
  return optionWords(argv).some(
    (word, index) => word === '--format=json' || (word === '--format' && argv[index + 1] === 'json'),
  );
}

/** With `--quiet`, success says nothing: cron then mails only failures. */
export function printOutcome(
  context: CliContext,
  outcome: Outcome,
  how: { json: boolean; quiet: boolean },
): void {
  if (how.json) {
    context.stdout.write(`${JSON.stringify(outcome.json, null, 2)}\n`);
  } else if (!(how.quiet && outcome.code === 0)) {
    const text = asLines(outcome.text, context.stdout);
    if (text) context.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }
}

/** Only a terminal has a width: into a pipe or a file everything is written whole. */
export function asLines(text: Text, { isTTY, columns }: NodeJS.WriteStream): string {
  if (typeof text === 'string') return text;
  const width = isTTY && columns > 0 ? columns : undefined;
  return text.map((block) => (typeof block === 'string' ? block : renderTable(block, width))).join('\n');
}

export function wantsVerbose(argv: readonly string[]): boolean {
  return hasFlag(argv, '--verbose', 'v');
}

export function wantsQuiet(argv: readonly string[]): boolean {
  return hasFlag(argv, '--quiet', 'q');
}

/** Known even where the arguments cannot be parsed. */
function hasFlag(argv: readonly string[], long: string, short: string): boolean {
  return optionWords(argv).some((word) => word === long || (/^-[a-z]+$/.test(word) && word.includes(short)));
}

/** What stands behind `--` is no option, whatever it looks like. */
function optionWords(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end < 0 ? argv : argv.slice(0, end);
}

/** One message with what to do next; a stack trace only where it was asked for. */
export function printError(
  context: CliContext,
  error: VyaError,
  how: { json: boolean; verbose: boolean },
): void {
  if (how.json)
    context.stdout.write(`${JSON.stringify({ status: 'error', error: errorAsJson(error) }, null, 2)}\n`);
  const label = colour(context, 'red', 'error:');
  const hint = error.hint ? `\n  ${error.hint.replaceAll('\n', '\n  ')}` : '';
  context.stderr.write(`vya: ${label} ${harmless(error.message)}${harmless(hint)}\n`);
  if (how.verbose) {
    for (let each: unknown = error; each instanceof Error; each = each.cause)
      context.stderr.write(`${harmless(each.stack ?? each.message)}\n`);
  }
}

/** Messages name what strangers named: an escape sequence in it must not reach a terminal. Line breaks are vya's own. */
function harmless(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** An error as the JSON documents hold it. */
export function errorAsJson(error: VyaError): { code: number; kind: string; message: string; hint?: string } {
  const { kind, message, hint } = error;
  return { code: exitCodeOf(kind), kind, message, ...(hint === undefined ? {} : { hint }) };
}

/**
 * How every JSON document begins: `ok`, `partial` (some failed), or `error` with the first failure, as an error that ends
 * the whole command is told.
 */
export function statusAsJson(code: number, failures: readonly (VyaError | undefined)[]): object {
  const status = code === 0 ? 'ok' : code === 1 ? 'partial' : 'error';
  const first = failures.find((failure) => failure !== undefined);
  return { status, code, ...(status === 'error' && first ? { error: errorAsJson(first) } : {}) };
}

/** Coloured on a terminal, plain elsewhere and where NO_COLOR is set. */
export function colour(
  context: CliContext,
  style: 'red' | 'green' | 'yellow' | 'dim' | 'bold',
  text: string,
): string {
  return context.stderr.isTTY && !context.env['NO_COLOR'] && context.env['TERM'] !== 'dumb'
    ? styleText(style, text, { validateStream: false })
    : text;
}
