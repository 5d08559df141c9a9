import type { Knex } from 'knex';
import type { Inventory } from '../../model/inventory.ts';
import { isSystemDatabase } from '../../model/system-databases.ts';
import type { DatabaseInfo } from '../adapter.ts';
import { quoteName, quoteText } from './names.ts';
import { execute, rows } from './query.ts';

type Properties = Inventory['database'];

/** Every database that the account sees, with the sizes of its tables in bytes as the catalogue has them. */
export async function listDatabases(knex: Knex): Promise<DatabaseInfo[]> {
  const names = await rows<{ name: string }>(
    knex,
    'SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA',
  );
  const sizes = await rows<{ name: string; size: string | number | null }>(
    knex,
    `SELECT TABLE_SCHEMA AS name, SUM(DATA_LENGTH + INDEX_LENGTH) AS size FROM information_schema.TABLES
      WHERE TABLE_SCHEMA NOT IN ('information_schema', 'performance_schema') GROUP BY BINARY TABLE_SCHEMA, TABLE_SCHEMA`,
  );
  const sizeOf = new Map(sizes.map(({ name, size }) => [name, Number(size ?? 0)]));
  return names.map(({ name }) => ({
    name,
    system: isSystemDatabase('mysql', name),
    connectable: true,
    sizeBytes: sizeOf.get(name) ?? 0,
  }));
}

/** Whether there is a database of this name: letter for letter, except on servers that fold the case of names themselves. */
export async function databaseExists(knex: Knex, name: string): Promise<boolean> {
  const found = await rows<{ name: string; folding: string | number }>(
    knex,
    'SELECT SCHEMA_NAME AS name, @@lower_case_table_names AS folding FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?',
    [name],
  );
  return found.some((row) =>
    Number(row.folding) === 0 ? row.name === name : row.name.toLowerCase() === name.toLowerCase(),
  );
}

/** Creates an empty database with the encoding, collation and comment of its source. Throws VyaError `privileges` or `failed`. */
export async function createDatabase(knex: Knex, name: string, properties: Properties): Promise<void> {
  await execute(knex, `CREATE DATABASE ${quoteName(name)} ${databaseOptions(properties)}`);
}

/** Gives an existing database other defaults; no comment takes a comment away, where the server has them. */
export async function alterDatabase(knex: Knex, name: string, properties: Properties): Promise<void> {
  const noComment = properties.comment === undefined ? " /*M!100500 COMMENT '' */" : '';
  await execute(knex, `ALTER DATABASE ${quoteName(name)} ${databaseOptions(properties)}${noComment}`);
}

/** Drops a database with all that is in it; one that is gone already is no error. */
export async function dropDatabase(knex: Knex, name: string): Promise<void> {
  await execute(knex, `DROP DATABASE IF EXISTS ${quoteName(name)}`);
}

function databaseOptions({ encoding, collation, comment }: Properties): string {
  const options = [`CHARACTER SET ${quoteText(encoding)}`, `COLLATE ${quoteText(collation)}`];
  if (comment !== undefined) options.push(`COMMENT ${quoteText(comment)}`);
  return options.join(' ');
}
