import type { Knex } from 'knex';
import type { ServerInfo } from '../../adapter.ts';
import { qualified, quoteName } from '../names.ts';
import { execute, rows } from '../query.ts';
import { followInExpression } from '../load/rewrite.ts';

/**
 * Lets column defaults that take numbers from a sequence follow to the database that their table was moved to: MariaDB stores
 * them with the database's name, and a moved table would go on asking the sequence of `from`.
 */
export async function followSequences(
  knex: Knex,
  server: ServerInfo,
  database: string,
  from: string,
): Promise<void> {
  if (server.flavour !== 'mariadb') return;
  const found = await rows<{ table: string; column: string; expression: string }>(
    knex,
    `SELECT TABLE_NAME AS \`table\`, COLUMN_NAME AS \`column\`, COLUMN_DEFAULT AS expression FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = ? AND BINARY TABLE_SCHEMA = BINARY ? AND INSTR(COLUMN_DEFAULT, ?) > 0`,
    [database, database, `(${quoteName(from)}.`],
  );
  for (const { table, column, expression } of found) {
    const followed = followInExpression(expression, from, database);
    if (followed === expression) continue;
    await execute(
      knex,
      `ALTER TABLE ${qualified(database, table)} ALTER COLUMN ${quoteName(column)} SET DEFAULT (${followed})`,
    );
  }
}
