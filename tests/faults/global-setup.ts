import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { ledgerVariable, readLedger, sumUp } from './ledger.ts';

/** Gives the tests a ledger of faults, and sums it up at the end; unless who started them does that. */
export default function setup(): (() => void) | undefined {
  if (env[ledgerVariable]) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'vya-faults-'));
  const path = join(directory, 'ledger.jsonl');
  env[ledgerVariable] = path;
  return () => {
    const { text, good } = sumUp(readLedger(path));
    process.stdout.write(`\n${text}\n`);
    if (!good) process.exitCode = 1;
    rmSync(directory, { recursive: true, force: true });
  };
}
