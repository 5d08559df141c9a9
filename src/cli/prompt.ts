import { VyaError } from '../errors.ts';
import type { CliContext } from './context.ts';

/** Whether somebody sits at the other end: questions go to stderr and answers come from stdin, so both must be terminals. */
export function canAsk(context: CliContext): boolean {
  return Boolean(context.stdin.isTTY && context.stderr.isTTY);
}

/**
 * Asks a yes-or-no question whose safe answer is no. Without a terminal the answer is no.
 *
 * @throws VyaError `interrupted` when the question is cancelled
 */
export async function askConfirmation(context: CliContext, message: string): Promise<boolean> {
  if (!canAsk(context)) return false;
  const { confirm, isCancel } = await import('@clack/prompts');
  const answer = await confirm({
    message,
    initialValue: false,
    ...streams(context),
  });
  if (isCancel(answer)) throw cancelled();
  return answer;
}

/**
 * A password: asked for without echo on a terminal, otherwise the one line that stdin holds. Never an argument, which
 * everybody on the machine could read.
 *
 * @throws VyaError `usage` when stdin holds no line or more than one; `interrupted` when the question is cancelled
 */
export async function askPassword(context: CliContext, message: string): Promise<string> {
  if (!context.stdin.isTTY) return await oneLine(context.stdin);
  const { password, isCancel } = await import('@clack/prompts');
  const answer = await password({
    message,
    ...streams(context),
  });
  if (isCancel(answer)) throw cancelled();
  return answer ?? '';
}

/** A line of text, with one that is offered. Only on a terminal. Throws VyaError `interrupted` when it is cancelled. */
export async function askText(context: CliContext, message: string, offered: string): Promise<string> {
  const { text, isCancel } = await import('@clack/prompts');
  const answer = await text({ message, placeholder: offered, defaultValue: offered, ...streams(context) });
  if (isCancel(answer)) throw cancelled();
  return answer;
}

/** One of a few words. Only on a terminal. Throws VyaError `interrupted` when it is cancelled. */
export async function askChoice<Word extends string>(
  context: CliContext,
  message: string,
  words: readonly Word[],
): Promise<Word> {
  const { select, isCancel } = await import('@clack/prompts');
  const options = words.map((value) => ({ value: value as string }));
  const answer = await select({ message, options, ...streams(context) });
  if (isCancel(answer)) throw cancelled();
  return answer as Word;
}

function streams({ stdin, stderr, signal }: CliContext) {
  return { input: stdin, output: stderr, signal };
}

async function oneLine(input: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of input) chunks.push(Buffer.from(chunk as Buffer));
  const line = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (line !== '' && !/[\r\n]/.test(line)) return line;
  throw new VyaError(
    'usage',
    line === '' ? 'No password came on stdin' : 'More than one line came on stdin',
    {
      hint: 'Give the password as one line, for example: vya credentials set ID --username NAME < password-file',
    },
  );
}

function cancelled(): VyaError {
  return new VyaError('interrupted', 'Cancelled', { hint: 'Nothing was changed.' });
}
