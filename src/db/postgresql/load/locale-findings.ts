import { escapeLiteral } from 'pg';
import type { Inventory } from '../../../model/inventory.ts';
import type { Finding } from '../../finding.ts';
import { listed } from './roles.ts';
import { type Database, type Query, sqlState } from '../session.ts';

/** The encoding, locale and collations of a database that this server does not have. */
export async function findLocaleProblems(database: Database, inventory: Inventory): Promise<Finding[]> {
  const { query } = database;
  const { encoding, localeProvider } = inventory.database;
  const findings: Finding[] = [];
  const [known] = await query<{ encoding: boolean; icu: boolean }>(
    `SELECT pg_char_to_encoding($1) >= 0 AS encoding,
            EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i') AS icu`,
    [encoding],
  );
  if (known?.encoding === false) {
    findings.push(
      lacks(`the server does not know the encoding ${encoding}`, 'Restore into a newer version.'),
    );
  }
  if (localeProvider === 'icu' && known?.icu === false) {
    const hint = 'Restore into a server that was built with ICU.';
    findings.push(lacks('the database uses ICU, and the server was built without it', hint));
  }
  return [
    ...findings,
    ...(await collationProblems(query, inventory)),
    ...(await localeProblems(database, inventory)),
  ];
}

async function collationProblems(query: Query, { needs, database }: Inventory): Promise<Finding[]> {
  const rows = await query<{ name: string }>(
    `SELECT name FROM unnest($1::text[]) AS name
      WHERE NOT EXISTS (SELECT FROM pg_collation WHERE collname = name AND collnamespace = 'pg_catalog'::regnamespace
                           AND collencoding IN (-1, pg_char_to_encoding($2))) ORDER BY name`,
    [needs.collations, database.encoding],
  );
  if (rows.length === 0) return [];
  return [
    lacks(
      `the server does not have these collations: ${listed(rows.map(({ name }) => name))}`,
      "Install the locales on the server's machine, then run there: SELECT pg_import_system_collations('pg_catalog');",
    ),
  ];
}

/**
 * The operating system behind the server has to know LC_COLLATE and LC_CTYPE. The server tells only when it tries, so a temporary
 * collation is made and rolled back.
 */
async function localeProblems(database: Database, inventory: Inventory): Promise<Finding[]> {
  const { encoding, collation, ctype = collation } = inventory.database;
  const names = [...new Set([collation, ctype])].filter((name) => !/^(C|POSIX)$/.test(name));
  const [here] = await database.query<{ encoding: string; standby: boolean }>(
    `SELECT current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS standby`,
  );
  // A locale of another encoding could not be tried in this database.
  if (here?.encoding !== encoding || here.standby) return [];
  const unknown: string[] = [];
  for (const name of names) if (!(await knowsLocale(database, name))) unknown.push(name);
  if (unknown.length === 0) return [];
  return [
    lacks(
      `the machine of the server does not have these locales: ${listed(unknown)}`,
      'Install them there (on Debian: the package locales, then dpkg-reconfigure locales) and restart PostgreSQL.',
    ),
  ];
}

async function knowsLocale(database: Database, name: string): Promise<boolean> {
  const done = new Error('only tried');
  try {
    await database.transaction(async (query) => {
      await query(
        `CREATE COLLATION pg_temp.vya_tmp_locale (provider = libc, locale = ${escapeLiteral(name)})`,
      );
      throw done;
    });
  } catch (error) {
    // Invalid parameter or no such object: that locale. Anything else says nothing about it.
    return error === done || !['22023', '42704'].includes(sqlState(error) ?? '');
  }
  return true;
}

function lacks(message: string, hint: string): Finding {
  return { severity: 'error', kind: 'failed', message, hint };
}
