import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Inventory } from '../../model/inventory.ts';
import type { Query } from './session.ts';

export type Setting = NonNullable<Inventory['database']['settings']>[number];

/** Settings whose values are lists of quoted names: each name is a value of its own (GUC_LIST_QUOTE in the server's source). */
const LISTS = new Set([
  'local_preload_libraries',
  'oauth_validator_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

/**
 * Settings of a database that this server would not take from this account: of a role that does not exist, of a name that this version
 * does not know, or for superusers alone. Names with a dot belong to extensions and are taken as they are.
 */
export async function unusableSettings(query: Query, settings: readonly Setting[]): Promise<Setting[]> {
  if (settings.length === 0) return [];
  const rows = await query<{ index: number }>(
    `SELECT s.ordinality::int - 1 AS index
       FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS s (role, name)
       LEFT JOIN pg_settings known ON lower(known.name) = lower(s.name)
      WHERE s.role IS NOT NULL AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = s.role)
         OR s.name NOT LIKE '%.%' AND known.name IS NULL
         OR known.context IN ('superuser', 'superuser-backend') AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)`,
    [settings.map(({ role }) => role ?? null), settings.map(({ name }) => name)],
  );
  const unusable = new Set(rows.map(({ index }) => index));
  return settings.filter((_, index) => unusable.has(index));
}

/** The statement that gives a database one of its settings back. */
export function settingStatement(database: string, { role, name, value }: Setting): string {
  const of = role === undefined ? '' : `ROLE ${escapeIdentifier(role)} IN `;
  return `ALTER ${of}DATABASE ${escapeIdentifier(database)} SET ${escapeIdentifier(name)} TO ${valueOf(name, value)}`;
}

/** The statement that gives a role a setting, for one database or for all; without a value it takes the setting away. */
export function roleSettingStatement(
  role: string,
  { database, name, value }: { database?: string | undefined; name: string; value: string | undefined },
): string {
  const place = database === undefined ? '' : ` IN DATABASE ${escapeIdentifier(database)}`;
  const what =
    value === undefined
      ? `RESET ${escapeIdentifier(name)}`
      : `SET ${escapeIdentifier(name)} TO ${valueOf(name, value)}`;
  return `ALTER ROLE ${escapeIdentifier(role)}${place} ${what}`;
}

function valueOf(name: string, value: string): string {
  const values = LISTS.has(name.toLowerCase()) ? splitList(value) : [value];
  return values.map((each) => escapeLiteral(each)).join(', ') || "''";
}

/** `"$user", public` holds `$user` and `public`. A quote inside quotes is doubled. */
export function splitList(value: string): string[] {
  const items = [...value.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^",\s][^",]*))\s*(?:,|$)/g)];
  return items.map(([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? (bare ?? '').trimEnd());
}
