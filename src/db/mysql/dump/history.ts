import type { Knex } from 'knex';
import type { ServerInfo } from '../../adapter.ts';
import { attempt, rows } from '../query.ts';

/**
 * Whether a dump can carry the history of MariaDB's system-versioned tables: there are some, and none of them counts its
 * history in transactions, which `--dump-history` refuses.
 */
export async function hasDumpableHistory(knex: Knex, server: ServerInfo, database: string): Promise<boolean> {
  if (server.flavour !== 'mariadb') return false;
  const versioned = await rows(
    knex,
    `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'SYSTEM VERSIONED' LIMIT 1`,
    [database],
  );
  return versioned.length > 0 && (await tablesWithTransactionHistory(knex, database)).length === 0;
}

/** The tables whose history is counted in transactions. */
export async function tablesWithTransactionHistory(knex: Knex, database: string): Promise<string[]> {
  const found = await attempt(() =>
    rows<{ name: string }>(
      knex,
      `SELECT TABLE_NAME AS name FROM information_schema.COLUMNS
        WHERE TABLE_SCHEMA = ? AND GENERATION_EXPRESSION = 'ROW START' AND DATA_TYPE = 'bigint' AND BINARY TABLE_SCHEMA = BINARY ?`,
      [database, database],
    ),
  );
  return (found ?? []).map(({ name }) => name);
}
