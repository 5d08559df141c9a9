#!/usr/bin/env node
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { CommanderError } from 'commander';
import { asVyaError, systemCode, VyaError } from '../errors.ts';
import type { CliContext, Outcome } from './context.ts';
import { leaveMemoryOutOfCoreDumps } from './core-dumps.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { printError, printOutcome, wantsJson, wantsQuiet, wantsVerbose } from './output/print.ts';
import { buildProgram } from './program.ts';
import { refuseHostOption, usageError } from './usage-error.ts';
import { packageVersion } from './version.ts';

const signalCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Runs the command line and answers the exit code. Everything that can be thrown ends here, as one message. */
async function main(argv: string[]): Promise<number> {
  const interruption = new AbortController();
  let signalCode: number | undefined;
  for (const [signal, code] of Object.entries(signalCodes)) {
    process.on(signal, () => {
      signalCode ??= code;
      interruption.abort(
        new VyaError('interrupted', `Ended by ${signal}`, { hint: 'Nothing half-made is left behind.' }),
      );
    });
  }
  // What slips through every handler ends the work as a bug, not with Node's code 1, which would mean 'some failed'.
  process.on('uncaughtException', (error) => interruption.abort(asVyaError(error)));
  // Everything that is written is for its owner alone, also what the client programs write.
  process.umask(0o077);
  leaveMemoryOutOfCoreDumps();
  process.stderr.on('error', () => {});
  process.stdout.on('error', outputFailed);

  let outcome: Outcome | undefined;
  const lastWork: (() => Promise<void>)[] = [];
  const context: CliContext = {
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: interruption.signal,
    now: () => new Date(),
    finish: (result) => (outcome = result),
    atEnd: (work) => void lastWork.push(work),
  };
  let program: CommandUnknownOpts | undefined;
  try {
    program = await buildProgram(context, packageVersion(), argv.slice(2));
    refuseHostOption(program, argv.slice(2));
    try {
      await program.parseAsync(argv);
    } finally {
      for (const work of lastWork) await work();
    }
    if (outcome) printOutcome(context, outcome, { json: wantsJson(argv), quiet: wantsQuiet(argv) });
    return signalCode ?? outcome?.code ?? exitCodes.success;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.success;
    const known = knownError(
      program && error instanceof CommanderError ? usageError(error, program, argv.slice(2)) : error,
      context,
    );
    printError(context, known, { json: wantsJson(argv), verbose: wantsVerbose(argv) });
    return signalCode ?? exitCodeOf(known.kind);
  }
}

let outputIsLost = false;

/** `vya list | head` closes the pipe early: that is no failure. A full disk under a report is one (F29). */
function outputFailed(error: Error): void {
  if (systemCode(error) === 'EPIPE' || outputIsLost) return;
  outputIsLost = true;
  process.stderr.write(`vya: error: Cannot write the output: ${error.message}\n`);
  process.exitCode ||= exitCodes.storage;
}

/** Whatever breaks because the work was interrupted is no bug; what could not be put back is said all the same. */
function knownError(error: unknown, { signal }: CliContext): VyaError {
  const known = asVyaError(error);
  const broken = known.kind === 'unexpected' || known.kind === 'connection';
  return signal.aborted && broken ? asVyaError(signal.reason) : known;
}

// A promise that is lost would end the process with 0, and Node's own crash code 1 would mean 'some failed'.
process.exitCode = exitCodes.unexpected;
void main(process.argv).then((code) => {
  process.exitCode = code || (outputIsLost ? exitCodes.storage : code);
});
