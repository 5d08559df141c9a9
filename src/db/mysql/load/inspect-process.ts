/**
 * Looks at a decompressed dump on stdin: `node inspect-process '{"source":"shop","onlyTables":true}'`. It is a process of its own, so
 * that no byte of a backup passes through vya.
 *
 * Without `pass` it reads to the end and tells on stdout what it found, as an Inspection; it exits with 0 only when it has told.
 * With `pass` it stands before the client program that loads the dump, and writes on what it has found to be in order, never more:
 * a statement's end is passed on only after its beginning was looked at. It exits with 0 when the dump was whole to its end, and
 * otherwise, with the reason on stderr, as `verdicts` says.
 */
import { readSync, writeSync } from 'node:fs';
import { verdicts } from '../../archive-check.ts';
import type { InspectOrder } from './inspect.ts';
import { Refusal, strictScanner } from './statement-rules.ts';

/** Bytes of the end that are told: the end marker stands there. */
const tailBytes = 1_024;
const bufferSize = 256 * 1024;

process.exitCode = 1;
const { pass, rules } = JSON.parse(process.argv[2] ?? '') as InspectOrder;
const scanner = rules && strictScanner(rules);
let tail = Buffer.alloc(0);
let read = 0;
try {
  process.exitCode = pass ? passOn(pass) : tell();
} catch (error) {
  process.stderr.write(`cannot read the dump: ${(error as Error).message}\n`);
}

function tell(): number {
  let refusal: string | undefined;
  // After a refusal the rest is read all the same: a producer that is cut off would be blamed for it.
  for (let chunk = next(); chunk; chunk = next()) {
    const bytes = chunk;
    refusal ??= refusalOf(() => scanner?.feed(bytes));
  }
  refusal ??= refusalOf(() => scanner?.end());
  process.stdout.write(JSON.stringify({ tail: tail.toString('latin1'), refusal }));
  return 0;
}

function passOn({ largest, endMarker }: NonNullable<InspectOrder['pass']>): number {
  let refusal: string | undefined;
  const settled = (work: () => Buffer): void => {
    refusal = refusalOf(() => write(work()));
  };
  for (let chunk = next(); chunk; chunk = next()) {
    const bytes = chunk;
    if (read > largest) return stop('tooLarge', `expands to more than ${largest} bytes`);
    settled(() => scanner?.feed(bytes) ?? bytes);
    if (refusal !== undefined) return stop('refused', refusal);
  }
  // Whole comes first: damage is no malice.
  if (!tail.includes(endMarker)) return stop('notWhole', `does not end with “${endMarker}”`);
  settled(() => scanner?.end() ?? Buffer.alloc(0));
  return refusal === undefined ? 0 : stop('refused', refusal);
}

function stop(verdict: keyof typeof verdicts, why: string): number {
  process.stderr.write(`${why}\n`);
  return verdicts[verdict];
}

/** The next bytes of stdin in memory of their own, for the scanner keeps the last of them; undefined at the end. */
function next(): Buffer | undefined {
  const buffer = Buffer.allocUnsafe(bufferSize);
  const length = patiently(() => readSync(0, buffer));
  if (length === 0) return undefined;
  const chunk = buffer.subarray(0, length);
  read += length;
  tail = Buffer.concat([tail, chunk.subarray(-tailBytes)]).subarray(-tailBytes);
  return chunk;
}

function write(bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += patiently(() => writeSync(1, bytes, at));
}

/** Whoever shares a pipe may have made it answer “not now” instead of waiting. */
function patiently(work: () => number): number {
  for (;;) {
    try {
      return work();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

function refusalOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}
