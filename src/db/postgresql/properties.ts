import { VyaError } from '../../errors.ts';
import type { Inventory } from '../../model/inventory.ts';
import type { Query } from './session.ts';

type Properties = Inventory['database'];

type Row = {
  [key in Exclude<keyof Properties, 'settings'>]: Properties[key] | null;
};

/**
 * The present database's own properties. Columns that came and went between versions are read from the row as JSON: the provider since
 * PostgreSQL 15, the ICU rules since 16, `datlocale` (before: `daticulocale`) since 17.
 */
export async function readProperties(query: Query): Promise<Properties> {
  const asked = query<Row>(
    `SELECT pg_encoding_to_char(d.encoding) AS encoding, d.datcollate AS collation, d.datctype AS ctype,
            CASE j ->> 'datlocprovider' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END AS "localeProvider",
            coalesce(j ->> 'datlocale', j ->> 'daticulocale') AS locale, j ->> 'daticurules' AS "icuRules",
            pg_get_userbyid(d.datdba)::text AS owner,
            CASE WHEN t.spcname <> 'pg_default' THEN t.spcname END AS tablespace,
            shobj_description(d.oid, 'pg_database') AS comment, d.datconnlimit AS "connectionLimit",
            d.datacl::text[] AS acl, pg_database_size(d.oid)::float8 AS "sizeBytes"
       FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace, to_jsonb(d) AS j
      WHERE d.datname = current_database()`,
  );
  const [[row], settings] = await Promise.all([asked, readSettings(query)]);
  if (!row) throw new VyaError('failed', 'the database has no row in pg_database', { hint: 'Run again.' });
  const known = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
  return { ...(known as Properties), settings };
}

/** ALTER DATABASE … SET, and ALTER ROLE … IN DATABASE … SET with the role. */
async function readSettings(query: Query): Promise<NonNullable<Properties['settings']>> {
  const rows = await query<{ role: string | null; setting: string }>(
    `SELECT r.rolname AS role, unnest(s.setconfig) AS setting
       FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole
      WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
      ORDER BY 1 NULLS FIRST, 2`,
  );
  return rows.map(({ role, setting }) => {
    const equals = setting.indexOf('=');
    const pair = { name: setting.slice(0, equals), value: setting.slice(equals + 1) };
    return role === null ? pair : { role, ...pair };
  });
}
