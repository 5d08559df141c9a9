import { alternate } from './alternate.ts';
import { say } from './progress.ts';
import type { Comparison } from './results.ts';
import { quote } from './vya.ts';

/** A start is short: many are needed for a median. */
const ROUNDS = 5;

export async function startupRow(env: NodeJS.ProcessEnv, program: string, runs: number): Promise<Comparison> {
  say('  start-up');
  const start = (name: string, args: string[], vya: boolean) => ({
    name,
    vya,
    command: name,
    work: { script: [process.execPath, ...args].map(quote).join(' '), env },
  });
  const entrants = [
    start('vya --version', [program, '--version'], true),
    start('node -e 0', ['-e', '0'], false),
    start('vya --help', [program, '--help'], true),
  ];
  return {
    row: 'startup',
    title: 'Start-up',
    contestants: await alternate(entrants, runs * ROUNDS),
    targets: [
      {
        what: 'vya --version : node -e 0',
        measure: 'wall',
        of: 'vya --version',
        over: 'node -e 0',
        atMost: 3,
      },
    ],
    compared: 0,
    notes: [],
  };
}
