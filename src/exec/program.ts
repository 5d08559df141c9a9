import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { basename } from 'node:path';
import { systemCode, VyaError } from '../errors.ts';
import type { Command } from './command.ts';
import { guardGroup, releaseGroup } from './lifeline.ts';
import { signalGroup } from './process-group.ts';
import { noteProcess, noteSuccess } from './process-ids.ts';
import { prepareCommand } from './secret-file.ts';
import { StderrTail } from './stderr-tail.ts';

/** Milliseconds that a grandchild may hold a finished program's stderr open before its group is killed. */
const closeGrace = 2_000;
/** Milliseconds between the request to end and the order. */
const killGrace = 5_000;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last of what it wrote to stderr, capped and redacted. */
  stderr: string;
}

/** A running program in a process group of its own. */
export interface Program {
  name: string;
  pid: number;
  child: ChildProcess;
  /** Settles when the program has ended and its output is complete. Never rejects. */
  ended: Promise<Ended>;
  /** Whether `end()` was called before the program ended by itself. */
  wasEnded(): boolean;
  /** Ends the whole group: TERM, and KILL when that does not help. */
  end(): void;
}

/**
 * Starts a program. Its secret, if any, is removed when it ends.
 *
 * @throws VyaError `failed` when it cannot be started
 */
export async function startProgram(command: Command, stdio: StdioOptions): Promise<Program> {
  const prepared = await prepareCommand(command);
  const child = spawn(prepared.file, prepared.args, { stdio, env: prepared.env, detached: true, cwd: '/' });
  const name = basename(command.file);
  const stderr = new StderrTail(command.secretFile?.content);
  child.stderr?.on('data', (chunk: Buffer) => stderr.add(chunk));

  const failure = await started(child);
  if (failure) {
    await prepared.dispose();
    throw cannotStart(command, failure);
  }
  const pid = child.pid as number;
  guardGroup(pid);
  noteProcess(command, pid);

  let endedByUs = false;
  let over = false;
  let reaped = false;
  child.once('exit', (code) => {
    reaped = true;
    if (code === 0) noteSuccess(command);
  });
  let orders: NodeJS.Timeout | undefined;
  const end = (): void => {
    if (endedByUs || over) return;
    endedByUs = signalGroup(pid, 'SIGTERM', reaped);
    orders = setTimeout(() => signalGroup(pid, 'SIGKILL', reaped), killGrace).unref();
  };
  const ended = closed(child, () => signalGroup(pid, 'SIGKILL', reaped)).then(async ({ code, signal }) => {
    over = true;
    clearTimeout(orders);
    // What it left running without a hold on its output.
    signalGroup(pid, 'SIGKILL', reaped);
    releaseGroup(pid);
    await prepared.dispose();
    return { code, signal, stderr: stderr.text() };
  });
  return { name, pid, child, ended, wasEnded: () => endedByUs, end };
}

/** Undefined once the program runs, or the error that kept it from starting. */
function started(child: ChildProcess): Promise<Error | undefined> {
  return new Promise((resolve) => {
    child.once('spawn', () => resolve(undefined));
    child.once('error', (error) => resolve(error));
    // An error after the start (a kill that failed) changes nothing: 'close' tells how the program ended.
    child.on('error', () => {});
  });
}

/** `exit` can come before the last output: wait for `close`, but not for ever on a grandchild that holds a pipe. */
function closed(
  child: ChildProcess,
  killRest: () => void,
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve) => {
    let grace: NodeJS.Timeout | undefined;
    child.once('exit', () => {
      grace = setTimeout(() => {
        killRest();
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, closeGrace).unref();
    });
    child.once('close', (code, signal) => {
      clearTimeout(grace);
      resolve({ code, signal });
    });
  });
}

function cannotStart(command: Command, error: Error): VyaError {
  const missing = systemCode(error) === 'ENOENT';
  return new VyaError(
    'failed',
    `Cannot start ${command.file}: ${missing ? 'no such program' : error.message}`,
    {
      hint: missing
        ? 'Install the package that holds it, or correct PATH.'
        : 'Look whether the file may be executed.',
      cause: error,
    },
  );
}

/** `pg_dump exited with 1`, `zstd was ended by SIGKILL`: how an end is told, with what the program said last. */
export function describeEnd(name: string, ended: Ended): string {
  const how = ended.signal ? `was ended by ${ended.signal}` : `exited with ${ended.code}`;
  return ended.stderr ? `${name} ${how}: ${ended.stderr}` : `${name} ${how}`;
}
