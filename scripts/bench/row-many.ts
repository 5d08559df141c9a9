import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { alternate, type Entrant } from './alternate.ts';
import { compressesItself, mysqlDump, ownZstd, pgDump } from './backup-peers.ts';
import { smallDatabase } from './data/schema.ts';
import type { Field } from './field.ts';
import { say } from './progress.ts';
import type { Comparison } from './results.ts';
import { configureVya, emptyStorage, type Made, newestManifest, quote, sizeOf } from './vya.ts';

const nameOf = (index: number): string => `many_${String(index).padStart(4, '0')}`;

/** Many small databases: vya in one run, and a shell loop over the same dump commands that syncs each file. */
export async function manyRow(
  field: Field,
  program: string,
  databases: number,
  runs: number,
): Promise<Comparison> {
  say(`  ${databases} small databases, ${field.kind}`);
  const names = Array.from({ length: databases }, (_, index) => nameOf(index));
  await makeSmall(field, names);
  const vya = await configureVya(field, program, 'many', ['many_*']);
  await vya.run(['backup', '--skip-prune', '--database', nameOf(0)]);
  const made = await newestManifest(vya, nameOf(0));
  await emptyStorage(vya);
  const own = (jobs: number): Entrant => ({
    ...vya.entrant(`vya --jobs ${jobs}`, ['backup', '--skip-prune', '--jobs', String(jobs)]),
    leaves: [vya.storage],
    after: () => sizeOf(vya.storage),
  });
  const peer = loop(field, made, databases);
  const contestants = await alternate([own(1), peer, own(2)], runs, { leavesThousands: true });
  for (const name of names) await field.dropDatabase(name);
  const what = `${databases} databases of 10 small tables : a shell loop over the same dump commands, each synced`;
  return {
    row: 'many',
    title: `${databases} small databases, ${field.kind}`,
    contestants,
    targets: [{ what, measure: 'wall', of: 'vya --jobs 1', over: peer.name, atMost: 1.5 }],
    compared: 0,
    notes: [
      'What a run leaves is removed when all are measured: no run pays for the removal of another’s files.',
    ],
  };
}

async function makeSmall(field: Field, names: readonly string[]): Promise<void> {
  const [first, ...others] = names as [string, ...string[]];
  await field.createDatabase(first);
  await field.sql(first, smallDatabase(field.type));
  for (const name of others) {
    if (field.type === 'postgresql') {
      await field.sql('postgres', `CREATE DATABASE ${name} TEMPLATE ${first}`);
      continue;
    }
    await field.createDatabase(name);
    await field.sql(name, smallDatabase(field.type));
  }
}

function loop(field: Field, made: Made, databases: number): Entrant {
  const folder = join(field.folder, 'peer.many');
  const target = `${quote(folder)}/"$db"`;
  const own = field.type === 'postgresql' && compressesItself(made);
  const shape = own ? ['-Fd', '-j1', ownZstd(made)] : ['-Fc', '-Z0'];
  const dump = field.type === 'mysql' ? mysqlDump(field, 'DB', made) : pgDump(made, 'DB', shape);
  const named = dump.replace(/ DB$/, ' "$db"');
  const zstd = `zstd -q -${made.compression.level}`;
  const each = own ? `${named} -f ${target}` : `${named} | ${zstd} > ${target} && sync ${target}`;
  const script = `for n in $(seq 0 ${databases - 1}); do db=$(printf 'many_%04d' "$n"); ${each} || exit 1; done`;
  const program = field.type === 'mysql' ? made.client.program : `pg_dump ${shape.join(' ')}`;
  return {
    name: own ? `loop over ${program}` : `loop over ${program} | ${zstd}`,
    command: `for db in …; do ${program} … ${own ? '' : `| ${zstd} > $db; sync $db; `}done`,
    work: { script, env: field.env },
    leaves: [folder],
    before: () => mkdir(folder),
    after: () => sizeOf(folder),
  };
}
