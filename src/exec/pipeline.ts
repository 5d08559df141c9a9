import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemCode, VyaError } from '../errors.ts';
import type { Command } from './command.ts';
import { type Joint, makeJoint } from './joint.ts';
import { ProgramFailure } from './program-failure.ts';
import { type Ended, type Program, startProgram } from './program.ts';
import { type MovedBytes, watchBytes } from './io-counter.ts';

export interface PipelineOptions {
  signal: AbortSignal;
  /** The first program reads this file, or these few bytes; without it, nothing. */
  input?: string | Buffer | undefined;
  /** The last program's output: added to the end of a file, which exists already, or kept (small outputs only), or dropped. */
  output: { appendTo: string } | 'keep' | 'drop';
  /** The programs give way to whatever else is at work on the machine. */
  background?: boolean | undefined;
  /** Called about twice a second with the bytes that the first program has moved so far. */
  onBytes?: ((bytes: MovedBytes) => void) | undefined;
}

/** Milliseconds in which a consumer that broke its producer's pipe is expected to have ended. */
const consumerGrace = 300;

/** The most that `output: 'keep'` holds in memory, in bytes. */
const keepLimit = 64 * 1024 * 1024;

/**
 * Runs programs connected by pipes that they read and write themselves: no byte passes through vya.
 *
 * The most downstream program is started first, and vya keeps the write end of its input open until the producer has
 * ended with 0. On anything else the consumer is killed before its input ends: it never mistakes a failed producer for
 * the end of the data (F1, F17).
 *
 * @returns the last program's output for `output: 'keep'`, otherwise an empty buffer
 * @throws ProgramFailure (`failed`) naming the program that failed by itself, `interrupted` when the signal fired
 */
export async function runPipeline(commands: readonly Command[], options: PipelineOptions): Promise<Buffer> {
  options.signal.throwIfAborted();
  const input = openInput(options.input);
  const output = typeof options.output === 'object' ? openSync(options.output.appendTo, 'a') : options.output;
  const programs: Program[] = [];
  const joints: Joint[] = [];
  const endAll = (): void => programs.forEach((program) => program.end());
  options.signal.addEventListener('abort', endAll);
  try {
    for (let count = 1; count < commands.length; count += 1) joints.push(await makeJoint());
    await startDownstreamFirst(commands, { programs, joints }, input, output === 'keep' ? 'pipe' : output);
    if (options.background) programs.forEach(giveWay);
    if (options.signal.aborted) endAll();
    if (options.input instanceof Buffer) programs[0]?.child.stdin?.end(options.input);
    const stopWatching = watchBytes(programs[0]?.pid, options.onBytes);
    const kept = output === 'keep' ? collect(programs.at(-1)?.child) : undefined;
    // Whoever fails first is told below; a late complaint about the kept output must not end the process.
    kept?.catch(() => {});
    const ends = await Promise.all(
      programs.map((program, index) => passOn(program, joints[index], programs[index + 1])),
    );
    stopWatching();
    options.signal.throwIfAborted();
    throwFirstFailure(commands, programs, ends);
    return kept ? await kept : Buffer.alloc(0);
  } catch (error) {
    endAll();
    await Promise.all(programs.map((program) => program.ended));
    throw error;
  } finally {
    options.signal.removeEventListener('abort', endAll);
    for (const joint of joints) joint.close();
    if (typeof input === 'number') closeSync(input);
    if (typeof output === 'number') closeSync(output);
  }
}

/** Asks the kernel to let others go first, where it is there to be asked. */
function giveWay({ pid }: Program): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended already, or the system does not let it.
  }
}

async function startDownstreamFirst(
  commands: readonly Command[],
  { programs, joints }: { programs: Program[]; joints: readonly Joint[] },
  input: number | 'ignore' | 'pipe',
  output: number | 'pipe' | 'drop',
): Promise<void> {
  for (const [index, command] of [...commands.entries()].reverse()) {
    const consumer = programs[0];
    const stdin = joints[index - 1]?.stdin ?? input;
    const stdout = consumer ? joints[index]?.connect(consumer.child) : output === 'drop' ? 'ignore' : output;
    const program = await startProgram(command, [stdin, stdout, 'pipe']);
    // A program that ends early breaks this pipe: its own end tells why, not the write error.
    program.child.stdin?.on('error', () => {});
    programs.unshift(program);
  }
}

/** Waits for a program and then ends the next one's input, or the next one itself. */
async function passOn(program: Program, joint: Joint | undefined, next: Program | undefined): Promise<Ended> {
  const ended = await program.ended;
  if (!joint || !next) return ended;
  if (ended.code === 0) joint.end();
  else await endUnlessEnding(next);
  return ended;
}

/**
 * A producer may have failed because its consumer is about to: that one is given a moment to end by itself and tell why.
 * A healthy consumer waits for input all the while, because its input has not ended.
 */
async function endUnlessEnding(consumer: Program): Promise<void> {
  await Promise.race([consumer.ended, sleep(consumerGrace)]);
  consumer.end();
}

/** Blames the most downstream program that failed by itself: its producers die of the broken pipe, not of their own. */
function throwFirstFailure(
  commands: readonly Command[],
  programs: readonly Program[],
  ends: readonly Ended[],
): void {
  const failed = programs.map((_program, index) => index).filter((index) => ends[index]?.code !== 0);
  const blamed = failed.findLast((index) => !programs[index]?.wasEnded()) ?? failed[0];
  if (blamed === undefined) return;
  throw new ProgramFailure(commands[blamed]!, programs[blamed]!.name, ends[blamed]!);
}

function collect(child: ChildProcess | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    child?.stdout?.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= keepLimit) chunks.push(chunk);
    });
    child?.stdout?.once('close', () => {
      if (size <= keepLimit) resolve(Buffer.concat(chunks));
      else
        reject(
          new VyaError('failed', `A program wrote more than ${keepLimit} bytes where little was expected`),
        );
    });
  });
}

function openInput(input: PipelineOptions['input']): number | 'ignore' | 'pipe' {
  if (input === undefined) return 'ignore';
  return typeof input === 'string' ? openForReading(input) : 'pipe';
}

function openForReading(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const kind = systemCode(error) === 'ENOENT' ? 'not-found' : 'storage';
    throw new VyaError(kind, `Cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}
