import { escapeIdentifier, escapeLiteral } from 'pg';
import { isSystemDatabase } from '../../model/system-databases.ts';
import type { Inventory } from '../../model/inventory.ts';
import type { DatabaseInfo, ServerInfo } from '../adapter.ts';
import type { InstanceTarget } from '../../model/instance.ts';
import { type Database, sqlState, withDatabase } from './session.ts';

/** Another session is in the database, or in the template. */
const OBJECT_IN_USE = '55006';

/** Every database with its size in bytes; 0 where the account may not ask for it. */
export async function listDatabases(database: Database): Promise<DatabaseInfo[]> {
  // A limit of -2 marks what an interrupted DROP DATABASE has left: nobody can connect to it.
  const rows = await database.query<{ name: string; connectable: boolean; size: number | null }>(
    `SELECT datname AS name, datallowconn AND datconnlimit <> -2 AS connectable,
            CASE WHEN has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')
                 THEN pg_database_size(oid)::float8 END AS size
       FROM pg_database ORDER BY datname`,
  );
  return rows.map(({ name, connectable, size }) => ({
    name,
    system: isSystemDatabase('postgresql', name),
    connectable,
    sizeBytes: size ?? 0,
  }));
}

export async function databaseExists(database: Database, name: string): Promise<boolean> {
  return (await database.query('SELECT FROM pg_database WHERE datname = $1', [name])).length > 0;
}

/** Creates an empty database with the source's encoding, locale and tablespace. Throws VyaError `privileges` or `failed`. */
export async function createDatabase(
  database: Database,
  server: ServerInfo,
  name: string,
  properties: Inventory['database'],
): Promise<void> {
  const sql = createStatement(name, properties, server.version.major);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await database.query(sql);
      return;
    } catch (error) {
      // Two at once wait for the template, and one of them gives up.
      if (sqlState(error) !== OBJECT_IN_USE || attempt === 5) throw error;
    }
  }
}

/** template0 is the only template that may get another encoding and locale than its own. */
export function createStatement(name: string, properties: Inventory['database'], major: number): string {
  const { encoding, collation, ctype = collation, localeProvider = 'libc', locale, icuRules } = properties;
  const icu = localeProvider === 'icu';
  const options = [
    'TEMPLATE template0',
    `ENCODING ${escapeLiteral(encoding)}`,
    `LC_COLLATE ${escapeLiteral(collation)}`,
    `LC_CTYPE ${escapeLiteral(ctype)}`,
    ...(major >= 15 ? [`LOCALE_PROVIDER ${escapeIdentifier(localeProvider)}`] : []),
    ...(icu && locale !== undefined ? [`ICU_LOCALE ${escapeLiteral(locale)}`] : []),
    ...(icu && icuRules !== undefined ? [`ICU_RULES ${escapeLiteral(icuRules)}`] : []),
    ...(localeProvider === 'builtin' && locale !== undefined
      ? [`BUILTIN_LOCALE ${escapeLiteral(locale)}`]
      : []),
    ...(properties.tablespace === undefined ? [] : [`TABLESPACE ${escapeIdentifier(properties.tablespace)}`]),
  ];
  return `CREATE DATABASE ${escapeIdentifier(name)} WITH ${options.join(' ')}`;
}

/** Drops a database and ends the sessions in it; nothing happens when it does not exist. */
export async function dropDatabase(database: Database, name: string): Promise<void> {
  await database.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`);
}

/**
 * Drops a database as `dropDatabase` does, with the subscriptions that a restore has created in it: they are not connected to anything,
 * and keep it from being dropped.
 */
export async function dropScratch(database: Database, target: InstanceTarget, name: string): Promise<void> {
  try {
    await dropDatabase(database, name);
  } catch (error) {
    if (sqlState(error) !== OBJECT_IN_USE || !name.startsWith('vya_tmp_')) throw error;
    await withDatabase(target, name, new AbortController().signal, dropDeadSubscriptions);
    await dropDatabase(database, name);
  }
}

/** Those that are off and have no slot on another server: dropping them reaches nobody. */
async function dropDeadSubscriptions({ query }: Database): Promise<void> {
  const subscriptions = await query<{ name: string }>(
    `SELECT subname::text AS name FROM pg_subscription
      WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND NOT subenabled`,
  );
  for (const { name } of subscriptions) {
    const id = escapeIdentifier(name);
    await query(`ALTER SUBSCRIPTION ${id} SET (slot_name = NONE)`);
    await query(`DROP SUBSCRIPTION ${id}`);
  }
}
