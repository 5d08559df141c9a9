import { createHash, type Hash } from 'node:crypto';
import type { Knex } from 'knex';
import { VyaError } from '../../../errors.ts';
import type { ServerInfo } from '../../adapter.ts';
import { attempt, rows } from '../query.ts';

/** By table: what its rows have to fit to be loaded, as a digest. */
export type Structures = ReadonlyMap<string, string>;

/** Tables of the catalogue, with what of them decides whether rows fit: columns, unique keys, partitions. */
const CATALOGUE = [
  `SELECT TABLE_NAME AS name, COLUMN_NAME AS a, COLUMN_TYPE AS b, IS_NULLABLE AS c, EXTRA AS d, GENERATION_EXPRESSION AS e,
      COLLATION_NAME AS f FROM information_schema.COLUMNS WHERE %s ORDER BY TABLE_NAME, ORDINAL_POSITION`,
  `SELECT TABLE_NAME AS name, INDEX_NAME AS a, COLUMN_NAME AS b, SUB_PART AS c FROM information_schema.STATISTICS
      WHERE NON_UNIQUE = 0 AND %s ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`,
  `SELECT TABLE_NAME AS name, PARTITION_NAME AS a, SUBPARTITION_NAME AS b, PARTITION_EXPRESSION AS c, PARTITION_DESCRIPTION AS d
      FROM information_schema.PARTITIONS WHERE PARTITION_NAME IS NOT NULL AND %s
      ORDER BY TABLE_NAME, PARTITION_ORDINAL_POSITION, SUBPARTITION_ORDINAL_POSITION`,
];

/** MariaDB has the table with the constraint. */
const MARIADB_CHECKS = `SELECT TABLE_NAME AS name, CONSTRAINT_NAME AS a, CHECK_CLAUSE AS b FROM information_schema.CHECK_CONSTRAINTS
      WHERE CONSTRAINT_SCHEMA = ? AND CAST(CONSTRAINT_SCHEMA AS BINARY) = CAST(? AS BINARY) ORDER BY TABLE_NAME, CONSTRAINT_NAME`;

const MYSQL_CHECKS = `SELECT t.TABLE_NAME AS name, t.CONSTRAINT_NAME AS a, t.ENFORCED AS b, c.CHECK_CLAUSE AS c
      FROM information_schema.TABLE_CONSTRAINTS t JOIN information_schema.CHECK_CONSTRAINTS c
        ON c.CONSTRAINT_SCHEMA = t.CONSTRAINT_SCHEMA AND c.CONSTRAINT_NAME = t.CONSTRAINT_NAME
      WHERE t.CONSTRAINT_TYPE = 'CHECK' AND t.TABLE_SCHEMA = ? AND CAST(t.TABLE_SCHEMA AS BINARY) = CAST(? AS BINARY)
      ORDER BY t.TABLE_NAME, t.CONSTRAINT_NAME`;

const DATABASE = 'TABLE_SCHEMA = ? AND CAST(TABLE_SCHEMA AS BINARY) = CAST(? AS BINARY)';

export async function readStructures(
  knex: Knex,
  { flavour }: ServerInfo,
  database: string,
): Promise<Structures> {
  const hashes = new Map<string, Hash>();
  const add = (all: readonly { name: string }[]): void => {
    for (const row of all) {
      const hash = hashes.get(row.name) ?? createHash('sha256');
      hashes.set(row.name, hash.update(JSON.stringify(row)));
    }
  };
  for (const query of CATALOGUE) add(await rows(knex, query.replace('%s', DATABASE), [database, database]));
  const checks = flavour === 'mariadb' ? MARIADB_CHECKS : MYSQL_CHECKS;
  // Older servers have none.
  add((await attempt(() => rows<{ name: string }>(knex, checks, [database, database]))) ?? []);
  return new Map([...hashes].map(([name, hash]) => [name, hash.digest('hex')]));
}

/**
 * Compares the tables that are there both times. One that has come since is in no stream; one that has gone was read before, or its
 * dump has failed.
 *
 * @throws VyaError `failed` with words that `isChangedMeanwhile` knows
 */
export function assertSameStructures(database: string, before: Structures, after: Structures): void {
  for (const [name, digest] of before) {
    if ((after.get(name) ?? digest) === digest) continue;
    throw new VyaError(
      'failed',
      `${database}: columns, keys or partitions of the table ${name} were changed while its rows were dumped`,
      { hint: 'Back up when no ALTER or the like runs on this database.' },
    );
  }
}
