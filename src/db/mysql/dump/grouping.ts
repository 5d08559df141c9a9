import type { RowStream } from '../../streams.ts';

export interface SizedTable {
  name: string;
  /** Of its data, as the catalogue has it. */
  bytes: number;
}

/** A table is at least one page: many empty ones are work, too. */
const LEAST_BYTES = 16_384;

/** A table that is larger than its stream's share by this factor is worth to be read in ranges. */
const OVERSIZE = 1.2;

/** In how many ranges each table would have to be read so that `jobs` streams become equally long; only those with more than one. */
export function piecesWanted(tables: readonly SizedTable[], jobs: number): Map<string, number> {
  const share = totalOf(tables) / jobs;
  const oversized = tables.filter((table) => sizeOf(table) > OVERSIZE * share);
  return new Map(oversized.map((table) => [table.name, Math.max(2, Math.round(sizeOf(table) / share))]));
}

/**
 * Divides tables into about `jobs` streams of equal size, and never more than twice as many: each range of a table is a stream of
 * its own, and the others are balanced, the largest first. The biggest stream comes first, and in it the biggest table.
 *
 * @param ranges the conditions that divide a table's rows
 */
export function groupTables(
  tables: readonly SizedTable[],
  jobs: number,
  ranges: ReadonlyMap<string, readonly string[]>,
): RowStream[] {
  const share = totalOf(tables) / jobs;
  const streams: (RowStream & { bytes: number })[] = [];
  for (const table of tables) {
    const conditions = ranges.get(table.name) ?? [];
    const bytes = sizeOf(table) / conditions.length;
    for (const where of conditions) streams.push({ tables: [table.name], where, bytes });
  }
  const whole = tables.filter(({ name }) => !ranges.has(name));
  const groups = Math.min(whole.length, Math.max(1, Math.round(totalOf(whole) / share)));
  streams.push(...balance(whole, groups));
  return streams
    .toSorted((a, b) => b.bytes - a.bytes)
    .map(({ tables: names, where }) => ({ tables: names, ...(where !== undefined && { where }) }));
}

/** The largest first, each to the group that is smallest so far. */
function balance(tables: readonly SizedTable[], count: number): { tables: string[]; bytes: number }[] {
  const groups = Array.from({ length: count }, () => ({ tables: [] as string[], bytes: 0 }));
  for (const table of tables.toSorted((a, b) => sizeOf(b) - sizeOf(a))) {
    const smallest = groups.reduce((least, group) => (group.bytes < least.bytes ? group : least));
    smallest.tables.push(table.name);
    smallest.bytes += sizeOf(table);
  }
  return groups;
}

function totalOf(tables: readonly SizedTable[]): number {
  return tables.reduce((sum, table) => sum + sizeOf(table), 0);
}

function sizeOf({ bytes }: SizedTable): number {
  return Math.max(LEAST_BYTES, bytes);
}
