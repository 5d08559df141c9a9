import { parseArgs } from 'node:util';
import type { ServerKind } from '../servers/kinds.ts';

export interface SoakOptions {
  minutes: number;
  /** The same seed makes the same choices; the moments at which they strike are the machine's. */
  seed: number;
  kinds: ServerKind[];
}

const allKinds: ServerKind[] = ['mariadb-10.11', 'mysql-9.7', 'postgresql-15', 'postgresql-18'];

/** Reads `--minutes N`, `--seed N` and `--kind KIND` (repeatable). Throws for what it does not know. */
export function readOptions(args: string[]): SoakOptions {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      kind: { type: 'string', multiple: true, default: allKinds },
    },
  });
  const kinds = allKinds.filter((kind) => values.kind.includes(kind));
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  if (!(minutes > 0) || !Number.isSafeInteger(seed) || kinds.length === 0) {
    throw new Error(`Usage: npm run soak -- [--minutes N] [--seed N] [--kind ${allKinds.join('|')}]…`);
  }
  return { minutes, seed, kinds };
}
