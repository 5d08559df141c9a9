import { escapeIdentifier } from 'pg';
import type { ServerInfo } from '../../adapter.ts';
import type { TableMeasure } from '../../snapshot.ts';
import { type MeasuredTable, readMeasuredTables } from './measured-tables.ts';
import type { Query } from '../session.ts';

/** The first server that hashes records. */
const HASHES_RECORDS = 14;

/** The text forms of values must not depend on what a role or database has set; JIT pays for few tables and costs for many. */
const PINNED: Record<string, string> = {
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  jit: 'off',
  lc_monetary: 'C',
  quote_all_identifiers: 'off',
  // Rows that a policy would hide are an error, as they are for pg_dump (F8).
  row_security: 'off',
  // A query whose session was cut off ends, too.
  client_connection_check_interval: '5s',
};

/**
 * Counts the rows of every table that a dump holds, and digests them, in the caller's transaction.
 *
 * @throws VyaError `privileges`, `connection` or `failed`
 */
export async function measureTables(query: Query, server: ServerInfo): Promise<TableMeasure[]> {
  await pinSettings(query);
  const hash = rowHash(server.version.major);
  const method = await methodOf(query, server.version.major);
  const measures: TableMeasure[] = [];
  for (const table of await readMeasuredTables(query)) {
    measures.push(await measureTable(query, table, hash, method));
  }
  return [...measures, ...(await measureLargeObjects(query, hash, method))];
}

async function pinSettings(query: Query): Promise<void> {
  await query(
    `SELECT set_config(s.name, p.value, true)
       FROM unnest($1::text[], $2::text[]) AS p (name, value) JOIN pg_settings s ON lower(s.name) = lower(p.name)`,
    [Object.keys(PINNED), Object.values(PINNED)],
  );
}

/** Makes the hash of one row, 64 bits wide: of values whose own hash is exact, and of others by their text. */
type RowHash = (exact: readonly string[], others: readonly string[]) => string;

/** PostgreSQL 13 cannot hash records: everything by its text, which takes twice the time. */
export function rowHash(major: number): RowHash {
  const asText = (values: readonly string[]) => `ROW(${values.join(', ')})::text COLLATE "C"`;
  if (major < HASHES_RECORDS)
    return (exact, others) => `hashtextextended(${asText([...exact, ...others])}, 0)`;
  return (exact, others) =>
    `hash_record_extended(ROW(${[...exact, ...(others.length > 0 ? [asText(others)] : [])].join(', ')}), 0)`;
}

/** The order of rows is no part of a table: hashes are added up, so that also a row that is there twice counts twice. */
const total = (hash: string) => `coalesce(sum(${hash}), 0)::text`;

async function measureTable(
  query: Query,
  { schema, name, condition, columns }: MeasuredTable,
  hash: RowHash,
  method: string,
): Promise<TableMeasure> {
  const value = ({ name: column }: { name: string }) => `t.${escapeIdentifier(column)}`;
  const dumped = columns.filter(({ generated }) => !generated);
  const generated = columns.filter((column) => column.generated);
  const exact = dumped.filter(({ exactHash }) => exactHash).map(value);
  const others = dumped.filter(({ exactHash }) => !exactHash).map(value);
  const sums = [hash(exact, others), ...generated.map((column) => hash([], [value(column)]))];
  const [row] = await query<{ rows: string; sums: string[] }>(
    `SELECT count(*)::text AS rows, ARRAY[${sums.map(total).join(', ')}] AS sums
       FROM ONLY ${escapeIdentifier(schema)}.${escapeIdentifier(name)} AS t ${condition}`,
  );
  const [digest = '', ...fragile] = row?.sums ?? [];
  return {
    schema,
    name,
    rows: Number(row?.rows),
    digest: {
      method,
      value: digest,
      fragile: generated.map((column, index) => ({
        column: column.name,
        type: 'generated',
        value: fragile[index] ?? '',
      })),
    },
  };
}

/** Bytes of a large object that are read at a time; it may hold 4 TB, and no value more than 1 GB. */
const CHUNK = 4 * 1024 * 1024;

/** Large objects as one table, as the catalogue has them. Read through their own functions, which ask for no superuser. */
async function measureLargeObjects(query: Query, hash: RowHash, method: string): Promise<TableMeasure[]> {
  const [row] = await query<{ rows: string; value: string }>(
    `SELECT count(DISTINCT m.oid)::text AS rows, ${total(hash(['m.oid', 'c.position', 'c.data'], []))} AS value
       FROM pg_largeobject_metadata m, LATERAL (
         WITH RECURSIVE chunk (position, data) AS (
           SELECT 0::int8, lo_get(m.oid, 0, ${CHUNK})
           UNION ALL SELECT position + ${CHUNK}, lo_get(m.oid, position + ${CHUNK}, ${CHUNK}) FROM chunk WHERE length(data) = ${CHUNK}
         ) SELECT position, data FROM chunk) AS c`,
  );
  if (!row || row.rows === '0') return [];
  const digest = { method, value: row.value, fragile: [] };
  return [{ schema: 'pg_catalog', name: 'pg_largeobject', rows: Number(row.rows), digest }];
}

/**
 * Hash functions and text forms are the server's own, and hold across its versions as far as partitions by hash need it, on machines
 * of one byte order. Values of every kind of type tell: where two servers answer alike, their digests can be compared.
 */
const PROBE: [exact: string[], others: string[]] = [
  [
    'true',
    `'c'::"char"`,
    `'n'::name`,
    '1::int2',
    '-2::int4',
    '3::int8',
    '4::oid',
    `'text'::text`,
    `'\\x00ff'::bytea`,
    `'2026-01-09'::date`,
    `'02:03:04.5'::time`,
    `'2026-01-09 02:03:04.5'::timestamp`,
    `'2026-01-09 02:03:04.5+01'::timestamptz`,
    `'123e4567-e89b-12d3-a456-426655440000'::uuid`,
  ],
  [
    '1.50::numeric',
    '0.1::float8',
    '1e-30::float4',
    `'1 year -2 days 03:04:05.6'::interval`,
    `'a'::char(3)`,
    `'{1,NULL}'::int[]`,
    `'1234.5'::money`,
    `'{"b": 1}'::jsonb`,
    `'(1,2.5)'::point`,
    `'[1,3)'::int4range`,
    `'10.0.0.0/8'::inet`,
    `'pg_class'::regclass`,
  ],
];

async function methodOf(query: Query, major: number): Promise<string> {
  const [row] = await query<{ probe: string }>(`SELECT to_hex(${rowHash(major)(...PROBE)}) AS probe`);
  return `pg-rows-1 ${row?.probe}`;
}
