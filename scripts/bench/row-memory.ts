import { alternate, type Entrant } from './alternate.ts';
import type { Contender } from './contender.ts';
import { assertEqual, type Digest } from './digest.ts';
import { megabytes } from './page.ts';
import { say } from './progress.ts';
import type { Comparison, Target } from './results.ts';
import { emptyStorage } from './vya.ts';

/** More rounds than these tell nothing more of memory. */
const ROUNDS = 3;
const LIMIT = 100e6;
const TOLERANCE = 5e6;
const copy = 'restored';

/** What vya's own process holds while it works on a database, and on one that is a multiple of it. */
export async function memoryRow(small: Contender, large: Contender, runs: number): Promise<Comparison> {
  const { field } = small;
  say(`  memory, ${field.kind}`);
  let compared = 0;
  const sizes = [small, large].map((contender) => ({ contender, label: megabytes(contender.bytes) }));
  const entrants: Entrant[] = [];
  for (const { contender, label } of sizes) {
    const { vya } = contender;
    entrants.push({
      ...vya.entrant(`backup of ${label}`, ['backup', '--skip-prune', '--jobs', '2']),
      leaves: [vya.storage],
    });
  }
  const backups = await alternate(entrants, Math.min(runs, ROUNDS));
  const restoring: Entrant[] = [];
  for (const { contender, label } of sizes) {
    const { vya, database } = contender;
    const source: Digest = await field.digest(database);
    await emptyStorage(vya);
    await vya.run(['backup', '--skip-prune', '--jobs', '2']);
    const args = [
      'restore',
      '--instance',
      'main',
      '--database',
      database,
      '--latest',
      '--target-database',
      copy,
    ];
    restoring.push({
      ...vya.entrant(`restore of ${label}`, [...args, '--jobs', '2']),
      before: () => field.dropDatabase(copy),
      after: async () => {
        assertEqual(source, await field.digest(copy));
        compared += 1;
        await field.dropDatabase(copy);
      },
    });
  }
  const restores = await alternate(restoring, 1);
  for (const { contender } of sizes) await emptyStorage(contender.vya);
  return {
    row: 'memory',
    title: `Memory, ${field.kind}`,
    contestants: [...backups, ...restores],
    targets: [...targets('backup', entrants), ...targets('restore', restoring)],
    compared,
    notes: [],
  };
}

function targets(what: string, [small, large]: readonly Entrant[]): Target[] {
  if (!small || !large) return [];
  const held = [small, large].map(({ name }): Target => {
    return { what: `peak memory of vya’s own process, ${name}`, measure: 'peak', of: name, atMost: LIMIT };
  });
  const more: Target = {
    what: `${what}: memory for the larger database, less that for the smaller`,
    measure: 'peak',
    of: large.name,
    over: small.name,
    difference: true,
    atMost: TOLERANCE,
  };
  return [...held, more];
}
