import type { Connection } from '../../tests/servers/connect.ts';

/** What a database holds, as its server sums it up: for every table its rows and a checksum over them, and its other objects. */
export type Digest = ReadonlyMap<string, string>;

/** Throws when two databases differ, and names what does. Comparing nothing is a difference, too. */
export function assertEqual(source: Digest, copy: Digest): void {
  const names = new Set([...source.keys(), ...copy.keys()]);
  const different = [...names].filter((name) => source.get(name) !== copy.get(name));
  if (different.length > 0 || names.size === 0)
    throw new Error(`A restored database differs from its source in ${different.join(', ') || 'everything'}`);
}

/** The connection looks at the database itself. */
export async function digestOf(connection: Connection, type: 'mysql' | 'postgresql'): Promise<Digest> {
  return type === 'mysql' ? mysqlDigest(connection) : postgresqlDigest(connection);
}

async function mysqlDigest({ query }: Connection): Promise<Digest> {
  const digest = new Map<string, string>();
  const named = await query<{ name: string }>(
    `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE'`,
  );
  for (const { name } of named) {
    const [sum] = await query<{ Checksum: unknown }>(`CHECKSUM TABLE \`${name}\` EXTENDED`);
    const [rows] = await query<{ count: unknown }>(`SELECT count(*) AS count FROM \`${name}\``);
    digest.set(name, `${String(rows?.count)} rows, ${String(sum?.Checksum)}`);
  }
  const kinds = [
    ['keys', 'STATISTICS', 'TABLE_SCHEMA', `concat_ws('.', TABLE_NAME, INDEX_NAME, COLUMN_NAME)`],
    ['constraints', 'TABLE_CONSTRAINTS', 'TABLE_SCHEMA', `concat_ws('.', TABLE_NAME, CONSTRAINT_NAME)`],
    ['views', 'VIEWS', 'TABLE_SCHEMA', 'TABLE_NAME'],
    ['triggers', 'TRIGGERS', 'TRIGGER_SCHEMA', 'TRIGGER_NAME'],
    ['routines', 'ROUTINES', 'ROUTINE_SCHEMA', 'ROUTINE_NAME'],
  ];
  for (const [kind = '', table, schema, name] of kinds) {
    const found = await query<{ name: string }>(
      `SELECT ${name} AS name FROM information_schema.${table} WHERE ${schema} = DATABASE()`,
    );
    digest.set(`its ${kind}`, sorted(found));
  }
  return digest;
}

async function postgresqlDigest({ query }: Connection): Promise<Digest> {
  const digest = new Map<string, string>();
  const named = await query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
      WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema'`,
  );
  for (const { name } of named) {
    const [found] = await query<{ said: string }>(
      `SELECT count(*) || ' rows, ' || coalesce(sum(hash_record_extended(t, 0)::numeric), 0) AS said FROM ${name} t`,
    );
    digest.set(name, found?.said ?? '');
  }
  const own = `NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`;
  const kinds = [
    ['keys', `SELECT indexdef AS name FROM pg_indexes WHERE schemaname ${own}`],
    [
      'constraints',
      `SELECT conname::text AS name FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE nspname ${own}`,
    ],
    ['views', `SELECT viewname::text AS name FROM pg_views WHERE schemaname ${own}`],
    ['triggers', 'SELECT tgname::text AS name FROM pg_trigger WHERE NOT tgisinternal'],
    [
      'routines',
      `SELECT proname::text AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE nspname ${own}`,
    ],
  ];
  for (const [kind = '', sql = ''] of kinds)
    digest.set(`its ${kind}`, sorted(await query<{ name: string }>(sql)));
  return digest;
}

function sorted(found: readonly { name: string }[]): string {
  return found
    .map(({ name }) => name)
    .toSorted()
    .join(', ');
}
