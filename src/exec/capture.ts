import { VyaError } from '../errors.ts';
import type { Command } from './command.ts';
import { describeEnd, startProgram } from './program.ts';

/** The most that is kept of a captured output, in bytes. */
const limit = 16 * 1024 * 1024;

export interface CaptureOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds until the program is ended; without it, it may take for ever. */
  timeoutMs?: number | undefined;
}

/**
 * Runs a program that prints little and returns what it printed.
 *
 * @throws VyaError `failed` when it cannot be started, exits with anything but 0, or takes too long
 */
export async function capture(
  command: Command,
  options: CaptureOptions = {},
): Promise<{ stdout: string; stderr: string }> {
  options.signal?.throwIfAborted();
  const program = await startProgram(command, ['ignore', 'pipe', 'pipe']);
  const chunks: Buffer[] = [];
  let size = 0;
  program.child.stdout?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
  });

  let timedOut = false;
  const timer = setTimeout(
    () => {
      timedOut = true;
      program.end();
    },
    options.timeoutMs ?? 2 ** 31 - 1,
  );
  const abort = (): void => program.end();
  options.signal?.addEventListener('abort', abort);
  // It may have come while the program was started.
  if (options.signal?.aborted) abort();
  const ended = await program.ended;
  options.signal?.removeEventListener('abort', abort);
  clearTimeout(timer);

  options.signal?.throwIfAborted();
  if (timedOut) {
    throw new VyaError(
      'failed',
      `${program.name} did not answer within ${(options.timeoutMs ?? 0) / 1000} s`,
    );
  }
  if (ended.code !== 0) throw new VyaError('failed', describeEnd(program.name, ended));
  return { stdout: Buffer.concat(chunks).toString('utf8'), stderr: ended.stderr };
}
