import { escapeIdentifier } from 'pg';
import type { MeasuredTable } from './measured-tables.ts';
import type { Query } from '../session.ts';

/**
 * Locks tables against being rewritten or dropped; reading and writing go on. Foreign keys and partitions are not followed: each
 * table is named.
 *
 * @returns whether each is still what the transaction's own snapshot shows: TRUNCATE may have come between the two
 * @throws VyaError `failed` when a lock was not to be had in the session's time
 */
export async function lockTables(query: Query, tables: readonly MeasuredTable[]): Promise<boolean> {
  if (tables.length === 0) return true;
  const names = tables.map(
    ({ schema, name }) => `ONLY ${escapeIdentifier(schema)}.${escapeIdentifier(name)}`,
  );
  await query(`LOCK TABLE ${names.join(', ')} IN ACCESS SHARE MODE`);
  // The function looks at the present, the column is what the snapshot shows.
  const [row] = await query<{ rewritten: boolean }>(
    `SELECT count(*) > 0 AS rewritten FROM pg_class c
      WHERE c.oid = ANY ($1::oid[]) AND pg_relation_filenode(c.oid) IS DISTINCT FROM c.relfilenode`,
    [tables.map(({ oid }) => oid)],
  );
  return row?.rewritten === false;
}
