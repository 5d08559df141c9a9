import type { Contestant } from './results.ts';
import { median } from './statistics.ts';

/** Percent of CPU time that one percent of room may cost. */
const PRICE = 10;

export const rule = `Recommended is the highest level up to which each step saves a percent of the room for every ${PRICE} percent more CPU time that it takes.`;

/** Of a compressor's levels in their order, each with what it took; undefined of none. */
export function recommendedLevel(
  levels: readonly { level: number; cpu: number; disk: number }[],
): number | undefined {
  const [first, ...others] = levels;
  if (!first) return undefined;
  let best = first;
  for (const next of others) {
    const saved = 1 - next.disk / best.disk;
    const dearer = next.cpu / best.cpu - 1;
    if (saved * PRICE < dearer) break;
    best = next;
  }
  return best.level;
}

/** What the compressors with these names took, of those that ran. */
export function tookOf(
  contestants: readonly Contestant[],
  names: ReadonlyMap<number, string>,
): { level: number; cpu: number; disk: number }[] {
  return [...names].flatMap(([level, name]) => {
    const runs = contestants.find((each) => each.name === name)?.runs ?? [];
    if (runs.length === 0) return [];
    const [cpu, disk] = [runs.map((run) => run.cpu), runs.map((run) => run.disk ?? NaN)];
    return [{ level, cpu: median(cpu), disk: median(disk) }];
  });
}
