import type { Knex } from 'knex';
import { qualified, quoteName } from '../names.ts';
import { attempt, rows } from '../query.ts';

const INTEGERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint']);

/**
 * Conditions that divide a table into about `pieces` parts by the first column of its primary key: half open, the first without a
 * lower bound and the last without an upper one, so that every row is in exactly one, whatever is written meanwhile. Undefined
 * where that column is no integer, or there are too few values.
 */
export async function keyRanges(
  knex: Knex,
  database: string,
  table: string,
  pieces: number,
): Promise<string[] | undefined> {
  const column = await integerKey(knex, database, table);
  if (column === undefined) return undefined;
  const name = quoteName(column);
  const found = await attempt(() =>
    rows<{ least: string | null; most: string | null }>(
      knex,
      `SELECT CAST(MIN(${name}) AS CHAR) AS least, CAST(MAX(${name}) AS CHAR) AS most FROM ${qualified(database, table)}`,
    ),
  );
  const [ends] = found ?? [];
  if (!ends || ends.least === null || ends.most === null) return undefined;
  const [least, most] = [BigInt(ends.least), BigInt(ends.most)];
  const estimate = rowsBelow(knex, qualified(database, table), name);
  return conditions(name, await balancedBounds(least, most, pieces, estimate));
}

/** The server's own estimate of how many rows have a smaller key: it reads a few pages for it, but not where an index is forced. */
function rowsBelow(knex: Knex, table: string, name: string): (bound: bigint) => Promise<number> {
  return async (bound) => {
    const sql = `EXPLAIN FORMAT=TRADITIONAL SELECT ${name} FROM ${table} USE INDEX (PRIMARY) WHERE ${name} < ${bound}`;
    const found = await attempt(() => rows<{ rows: string | number | null }>(knex, sql));
    return Number(found?.[0]?.rows ?? 0);
  };
}

/** The first column of the primary key, where it is an integer. */
async function integerKey(knex: Knex, database: string, table: string): Promise<string | undefined> {
  const exactly = (alias: string) =>
    `${alias}.TABLE_SCHEMA = ? AND CAST(${alias}.TABLE_SCHEMA AS BINARY) = CAST(? AS BINARY)
      AND ${alias}.TABLE_NAME = ? AND CAST(${alias}.TABLE_NAME AS BINARY) = CAST(? AS BINARY)`;
  const names = [database, database, table, table];
  const [key] = await rows<{ name: string }>(
    knex,
    `SELECT s.COLUMN_NAME AS name FROM information_schema.STATISTICS s
      WHERE ${exactly('s')} AND s.INDEX_NAME = 'PRIMARY' AND s.SEQ_IN_INDEX = 1`,
    names,
  );
  if (!key) return undefined;
  const columns = await rows<{ name: string; type: string }>(
    knex,
    `SELECT c.COLUMN_NAME AS name, LOWER(c.DATA_TYPE) AS type FROM information_schema.COLUMNS c WHERE ${exactly('c')}`,
    names,
  );
  const type = columns.find(({ name }) => name === key.name)?.type ?? '';
  // The dumps write a condition into a comment, which a line break would end.
  return INTEGERS.has(type) && !/\p{Cc}/u.test(key.name) ? key.name : undefined;
}

/** Steps in which a bound is looked for: as many as a key has bits. */
const STEPS = 64;

/** A piece that holds more of the rows than its share by this factor was not worth its stream. */
const UNEVEN = 1.6;

/**
 * Where the values from `least` to `most` are cut so that pieces hold about as many rows each: at even distances, or where the rows lie
 * in heaps (one number that was given by hand far beyond the others), wherever the estimates say.
 */
export async function balancedBounds(
  least: bigint,
  most: bigint,
  pieces: number,
  rowsBelowBound: (bound: bigint) => Promise<number>,
): Promise<bigint[]> {
  const even = evenBounds(least, most, pieces);
  const share = (await rowsBelowBound(most)) / pieces;
  const below: number[] = [];
  for (const bound of even) below.push(await rowsBelowBound(bound));
  const counts = [...below, share * pieces].map((count, index) => count - (below[index - 1] ?? 0));
  if (share === 0 || Math.max(...counts) <= UNEVEN * share) return even;
  const bounds = new Set<bigint>();
  for (let piece = 1; piece < pieces; piece += 1) {
    let [low, high] = [least, most];
    for (let step = 0; step < STEPS && high - low > 1n; step += 1) {
      const middle = (low + high) / 2n;
      if ((await rowsBelowBound(middle)) < share * piece) low = middle;
      else high = middle;
    }
    bounds.add(high);
  }
  return [...bounds].toSorted((a, b) => (a < b ? -1 : 1));
}

/** Where the values from `least` to `most` are cut into pieces of equal width. */
export function evenBounds(least: bigint, most: bigint, pieces: number): bigint[] {
  const width = most - least + 1n;
  const count = width < BigInt(pieces) ? Number(width) : pieces;
  return Array.from({ length: count - 1 }, (_, index) => least + (width * BigInt(index + 1)) / BigInt(count));
}

/** In brackets, so that none is a part of another. Undefined for no bound: nothing is divided. */
export function conditions(name: string, bounds: readonly bigint[]): string[] | undefined {
  if (bounds.length === 0) return undefined;
  return [undefined, ...bounds].map((from, index) => {
    const to = bounds[index];
    const parts = [
      ...(from === undefined ? [] : [`${name} >= ${from}`]),
      ...(to === undefined ? [] : [`${name} < ${to}`]),
    ];
    return `(${parts.join(' AND ')})`;
  });
}
