import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { alternate, type Entrant } from './alternate.ts';
import { backupPeers } from './backup-peers.ts';
import type { Contender } from './contender.ts';
import { measure } from './measure.ts';
import { missing } from './programs.ts';
import { recommendedLevel, rule, tookOf } from './recommended-level.ts';
import { say } from './progress.ts';
import type { Comparison } from './results.ts';
import { quote, sizeOf } from './vya.ts';

const ROUNDS = 3;

/** Levels of zstd on one core, as they are named on the page. */
export const zstdLevels: ReadonlyMap<number, string> = new Map(
  [1, 2, 3, 4, 6, 9].map((level) => [level, `zstd -q -${level}`]),
);

/** The compressors alone, on a dump that lies in a file: which level is worth its time. */
export async function codecsRow({ field, database, made }: Contender, runs: number): Promise<Comparison> {
  say(`  codecs, on a dump of ${field.kind}`);
  const { env, folder } = field;
  const file = join(folder, 'plain');
  const { dump } = backupPeers(field, database, made);
  await measure({ script: `${dump} > ${quote(file)}`, env });
  const out = join(folder, 'compressed');
  const codec = (line: string, slow = false): Entrant => ({
    name: line,
    command: `${line} < dump > file; sync file`,
    work: { script: `${line} < ${quote(file)} > ${quote(out)} && sync ${quote(out)}`, env },
    slow,
    missing: missing(env, line.split(' ')[0] as string),
    leaves: [out],
    after: () => sizeOf(out),
  });
  const entrants = [
    codec('cat'),
    ...[...zstdLevels].map(([level, name]) => codec(name, level > 6)),
    ...[...zstdLevels.keys()].map((level) => codec(`zstd -q -T2 -${level}`, level > 6)),
    codec('gzip -6', true),
    codec('pigz -6', true),
  ];
  const contestants = await alternate(entrants, Math.min(runs, ROUNDS));
  await rm(file);
  const recommended = recommendedLevel(tookOf(contestants, zstdLevels));
  return {
    row: 'codecs',
    title: `Codecs, on a dump of ${field.kind}`,
    contestants,
    targets: [],
    compared: 0,
    notes: [
      'Each compressor alone, on a file in the page cache, with the file synced.',
      ...(recommended === undefined ? [] : [`${rule} That is zstd’s level ${recommended} here.`]),
    ],
  };
}
