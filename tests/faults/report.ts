/** Sums up a ledger of faults: `report.ts PATH`. Ends with 1 when a fault was not survived or a backup lost. */
import { argv } from 'node:process';
import { readLedger, sumUp } from './ledger.ts';

const { text, good } = sumUp(readLedger(argv[2] as string));
process.stdout.write(`\n${text}\n`);
if (!good) process.exitCode = 1;
