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
  return conditions(name, evenBounds(BigInt(ends.least), BigInt(ends.most), pieces));
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
