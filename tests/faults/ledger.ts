import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { env } from 'node:process';

/** The variable that names the file in which all tests of a run note their faults. */
export const ledgerVariable = 'VYA_TEST_FAULTS';

export interface FaultOutcome {
  /** Whether everything that was to hold after the fault was seen to hold. */
  survived: boolean;
  /** How many backups that were there before are gone or changed. */
  lost: number;
}

export interface Fault extends FaultOutcome {
  what: string;
}

/** Notes one injected fault for the figure at the end of the run: once for each fault, with what was measured. */
export function noteFault(what: string, { survived, lost }: FaultOutcome): void {
  const path = env[ledgerVariable];
  // One short line is appended whole, whoever else appends.
  if (path) appendFileSync(path, `${JSON.stringify({ what, survived, lost } satisfies Fault)}\n`);
}

export function readLedger(path: string): Fault[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Fault);
}

/** What the ledger says, as text for people, and whether it is good news. */
export function sumUp(faults: readonly Fault[]): { text: string; good: boolean } {
  const bad = faults.filter(({ survived, lost }) => !survived || lost > 0);
  const survived = faults.filter((fault) => fault.survived).length;
  const lost = faults.reduce((sum, fault) => sum + fault.lost, 0);
  const details = bad.map((fault) => `  ${fault.what}: ${outcome(fault)}`);
  const figure = `Faults: ${faults.length} injected, ${survived} survived, ${lost} backups lost`;
  return { text: [...details, figure].join('\n'), good: bad.length === 0 };
}

function outcome({ survived, lost }: Fault): string {
  return `${survived ? 'survived' : 'NOT SURVIVED'}, ${lost} lost`;
}
