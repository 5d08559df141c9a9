import { isMember } from '../objects.ts';
import type { Query } from '../session.ts';

export interface MeasuredColumn {
  name: string;
  /** Its hash tells any two values apart that a dump tells apart. Others are hashed as the text that a dump writes. */
  exactHash: boolean;
  /** Not dumped, but computed again by a restore. */
  generated: boolean;
}

/** A table whose rows a dump holds. */
export interface MeasuredTable {
  oid: number;
  schema: string;
  name: string;
  /** Tables of an extension: which of their rows are dumped, as a clause; the others come with the extension. */
  condition: string;
  /** Comes with an extension: dumped, but not locked by pg_dump. */
  ofExtension: boolean;
  columns: MeasuredColumn[];
}

/**
 * Types whose equal values are equal byte by byte. Not among them: numeric (1.0 equals 1.00), float (0 equals -0), interval (a month
 * equals 30 days), char(n) (trailing spaces), and enums, whose hash differs between databases.
 */
const EXACT_TYPES = `ARRAY['bool', '"char"', 'name', 'int2', 'int4', 'int8', 'oid', 'text', 'varchar', 'bytea', 'date', 'time',
  'timestamp', 'timestamptz', 'uuid']::regtype[]`;

/**
 * Tables that hold rows themselves: partitions and not the tables that they belong to, no foreign tables, and of an extension's own
 * tables those whose rows it asks to be dumped. Columns are ordered by name, because a child table may get its columns in another
 * order. A standby has no rows of unlogged tables, and virtual columns have no values that are stored.
 */
export async function readMeasuredTables(query: Query): Promise<MeasuredTable[]> {
  return await query<MeasuredTable>(
    `SELECT c.oid::int8::float8 AS oid, n.nspname AS schema, c.relname AS name, coalesce(e.condition, '') AS condition,
            e.oid IS NOT NULL AS "ofExtension",
            coalesce((SELECT json_agg(json_build_object(
                'name', a.attname, 'generated', a.attgenerated <> '',
                'exactHash', a.atttypid = ANY (${EXACT_TYPES}) AND coalesce(l.collisdeterministic, true)
              ) ORDER BY a.attname COLLATE "C")
              FROM pg_attribute a LEFT JOIN pg_collation l ON l.oid = a.attcollation
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v'), '[]') AS columns
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN (SELECT u.oid, u.condition FROM pg_extension x, unnest(x.extconfig, x.extcondition) AS u (oid, condition)) e
         ON e.oid = c.oid
      WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND (e.oid IS NOT NULL OR NOT ${isMember('pg_class', 'c.oid')})
        AND NOT (c.relpersistence = 'u' AND pg_is_in_recovery())
      ORDER BY 2, 3`,
  );
}
