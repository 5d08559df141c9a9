/**
 * Reads a decompressed dump on stdin to its end, or to the first statement that must not be loaded, and tells on stdout what
 * it found: `node inspect-process '{"source":"shop","onlyTables":true}'`. It is a process of its own, so that no byte of a backup
 * passes through vya. It exits with 0 only when it has told.
 */
import { type DumpRules, Refusal, strictScanner } from './statement-rules.ts';

/** Bytes of the end that are told: the end marker stands there. */
const tailBytes = 1_024;

process.exitCode = 1;
const scanner = strictScanner(JSON.parse(process.argv[2] ?? '') as DumpRules);
let tail = Buffer.alloc(0);
let refusal: string | undefined;
try {
  for await (const chunk of process.stdin) {
    // After a refusal the rest is read all the same: a producer that is cut off would be blamed for it.
    if (refusal === undefined) refusal = refusalOf(() => scanner.feed(chunk as Buffer));
    tail = Buffer.concat([tail, chunk as Buffer]).subarray(-tailBytes);
  }
  refusal ??= refusalOf(() => scanner.end());
  process.stdout.write(JSON.stringify({ tail: tail.toString('latin1'), refusal }));
  process.exitCode = 0;
} catch (error) {
  process.stderr.write(`cannot read the dump: ${(error as Error).message}\n`);
}

function refusalOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}
