/**
 * Where the single executable begins (scripts/package): it is vya, and it is the programs that vya starts of its own, which elsewhere
 * are scripts beside it.
 */
import { type OwnProgram, ownProgramFlag } from '../exec/own-program.ts';

const ownPrograms: Record<OwnProgram, () => Promise<unknown>> = {
  'exec/codec-process': () => import('../exec/codec-process.ts'),
  'db/mysql/load/inspect-process': () => import('../db/mysql/load/inspect-process.ts'),
};

function begin(): Promise<unknown> {
  const [flag, name] = process.argv.slice(2);
  if (flag !== ownProgramFlag || name === undefined || !(name in ownPrograms)) return import('./main.ts');
  // The scripts look for their arguments behind their own name.
  process.argv.splice(2, 2);
  return ownPrograms[name as OwnProgram]();
}

void begin();
