import type { Knex } from 'knex';
import type { ServerInfo } from '../adapter.ts';
import type { SourcePosition } from '../source-position.ts';
import { attempt, rows } from './query.ts';

/** Where the server's binary log stands; empty where there is none, or the account may not ask. Never the dump's own snapshot. */
export async function readPosition(knex: Knex, server: ServerInfo): Promise<SourcePosition[]> {
  const positions: SourcePosition[] = [];
  const status = await binaryLogStatus(knex, server);
  if (status) positions.push({ kind: 'binlog', value: `${status.File}:${status.Position}`, exact: false });
  const variable = server.flavour === 'mariadb' ? '@@global.gtid_binlog_pos' : '@@global.gtid_executed';
  const gtid = await attempt(() => rows<{ value: string | null }>(knex, `SELECT ${variable} AS value`));
  const value = gtid?.[0]?.value?.replaceAll(/\s/g, '');
  if (value) positions.push({ kind: 'gtid', value, exact: false });
  return positions;
}

async function binaryLogStatus(
  knex: Knex,
  { flavour }: ServerInfo,
): Promise<{ File: string; Position: string | number } | undefined> {
  // The words of MariaDB 10.5 and later or of MySQL 8.2 and later, and of everything older.
  const newer = flavour === 'mariadb' ? 'SHOW BINLOG STATUS' : 'SHOW BINARY LOG STATUS';
  for (const statement of [newer, 'SHOW MASTER STATUS']) {
    const found = await attempt(() => rows<{ File: string; Position: string | number }>(knex, statement));
    if (found) return found[0];
  }
  return undefined;
}
