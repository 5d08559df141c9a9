import type { Knex } from 'knex';
import type { TableEntry } from '../../../model/inventory.ts';
import { attempt, rows } from '../query.ts';

/** Tells for tables whether their engine has transactions, so that a snapshot holds their rows (F5). */
export async function readTransactional(knex: Knex): Promise<(table: Pick<TableEntry, 'engine'>) => boolean> {
  const engines = await attempt(() =>
    rows<{ name: string }>(
      knex,
      "SELECT ENGINE AS name FROM information_schema.ENGINES WHERE TRANSACTIONS = 'YES'",
    ),
  );
  const names = new Set((engines ?? [{ name: 'InnoDB' }]).map(({ name }) => name.toUpperCase()));
  return ({ engine }) => engine !== undefined && names.has(engine.toUpperCase());
}
