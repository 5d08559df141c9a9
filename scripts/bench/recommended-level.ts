import type { Contestant } from './results.ts';
import { median } from './statistics.ts';

/** Percent of CPU time that one percent of room may cost. */
const PRICE = 10;

export const rule = `Recommended is the highest level up to which each step saves a percent of the room for every ${PRICE} percent more CPU time that it takes.`;

/** A compressor's levels in their order, each with what it took. */
export function recommendedLevel(levels: readonly { level: number; cpu: number; disk: number }[]): number {
  let [best] = levels;
  if (!best) throw new Error('No level was measured.');
  for (const next of levels.slice(1)) {
    const saved = 1 - next.disk / best.disk;
    const dearer = next.cpu / best.cpu - 1;
    if (saved * PRICE < dearer) break;
    best = next;
  }
  return best.level;
}

/** What the compressors with these names took. */
export function tookOf(
  contestants: readonly Contestant[],
  names: ReadonlyMap<number, string>,
): { level: number; cpu: number; disk: number }[] {
  return [...names].map(([level, name]) => {
    const runs = contestants.find((each) => each.name === name)?.runs ?? [];
    return {
      level,
      cpu: median(runs.map(({ cpu }) => cpu)),
      disk: median(runs.map(({ disk }) => disk ?? NaN)),
    };
  });
}
