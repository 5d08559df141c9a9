import { alternate, type Entrant } from './alternate.ts';
import { backupPeers } from './backup-peers.ts';
import type { Contender } from './contender.ts';
import { megabytes } from './page.ts';
import { say } from './progress.ts';
import type { Comparison, Target } from './results.ts';
import { sizeOf } from './vya.ts';

/** More rounds with a large database would take too long. */
const LARGE_ROUNDS = 3;

/** One database, backed up by vya and by what people use. */
export async function backupRow(contender: Contender, runs: number): Promise<Comparison> {
  const { field, database, made } = contender;
  const { entrants } = backupPeers(field, database, made);
  const name = { row: 'backup', title: `Backup, ${field.kind}` } as const;
  return await compareBackups(contender, name, entrants, runs);
}

/** A large one, by vya and by the peers that its targets name: what a backup takes besides its dump does not grow with it. */
export async function largeRow(contender: Contender, runs: number): Promise<Comparison> {
  const { field, database, made, bytes } = contender;
  const { entrants } = backupPeers(field, database, made);
  const name = { row: 'large', title: `Backup of ${megabytes(bytes)}, ${field.kind}` } as const;
  const peers = entrants.filter(({ name: peer }, index) => index === 0 || inTwoJobs(peer));
  return await compareBackups(contender, name, peers, Math.min(runs, LARGE_ROUNDS));
}

async function compareBackups(
  { field, vya }: Contender,
  name: Pick<Comparison, 'row' | 'title'>,
  peers: readonly Entrant[],
  runs: number,
): Promise<Comparison> {
  say(`  ${name.row}, ${field.kind}`);
  const own = (jobs: number): Entrant => ({
    ...vya.entrant(`vya --jobs ${jobs}`, ['backup', '--skip-prune', '--jobs', String(jobs)]),
    leaves: [vya.storage],
    after: () => sizeOf(vya.storage),
  });
  const [reference] = peers as [Entrant];
  const contestants = await alternate([own(1), ...peers.slice(0, 1), own(2), ...peers.slice(1)], runs);
  return {
    ...name,
    contestants,
    targets: [...jobsOne(reference.name), ...againstGzip(peers), ...directory(peers)],
    compared: 0,
    notes: [],
  };
}

function jobsOne(pipe: string): Target[] {
  return (['wall', 'cpu'] as const).map((measure) => ({
    what: `backup, jobs 1, default codec : the same dump command piped to zstd -3, synced; ${measure === 'cpu' ? 'CPU' : 'wall'}`,
    measure,
    of: 'vya --jobs 1',
    over: pipe,
    atMost: 1.05,
  }));
}

function againstGzip(peers: readonly Entrant[]): Target[] {
  return peers
    .filter(({ name }) => name.endsWith('| gzip -6') || name === 'pg_dump -Fc')
    .map(({ name }) => ({
      what: `backup, jobs 1 : ${name}`,
      measure: 'wall',
      of: 'vya --jobs 1',
      over: name,
      atMost: 0.25,
    }));
}

function directory(peers: readonly Entrant[]): Target[] {
  return peers
    .filter(({ name }) => inTwoJobs(name))
    .map(({ name }) => ({
      what: 'PostgreSQL backup, jobs 2 : pg_dump -Fd -j2 with the same codec and level',
      measure: 'wall',
      of: 'vya --jobs 2',
      over: name,
      atMost: 1.05,
    }));
}

/** Whether it is pg_dump as vya runs it. */
function inTwoJobs(peer: string): boolean {
  return peer.startsWith('pg_dump -Fd -j2 --compress=zstd:');
}
