import type { Inventory } from '../../model/inventory.ts';
import type { Query } from './session.ts';

/** Users' schemas: not the server's own, nor the temporary ones. */
const USER_SCHEMA = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`;

/** True for what belongs to an extension and comes with it. */
export function isMember(catalogue: string, oid: string): string {
  return `EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${catalogue}'::regclass AND d.objid = ${oid} AND d.deptype = 'e')`;
}

type Objects = Omit<Inventory, 'needs' | 'database'>;
type Routine = Inventory['routines'][number];

interface Relation {
  kind: string;
  schema: string;
  name: string;
  rows: number | null;
}

/** The objects of one database by name, without what extensions bring. */
export async function readObjects(query: Query): Promise<Objects> {
  const [relations, routines, triggers, eventTriggers, extensions, [largeObjects]] = await Promise.all([
    readRelations(query),
    readRoutines(query),
    readTriggers(query),
    readEventTriggers(query),
    query<Inventory['extensions'][number]>(
      `SELECT e.extname AS name, e.extversion AS version, n.nspname AS schema
         FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace ORDER BY 1`,
    ),
    query<{ count: number }>('SELECT count(*)::int AS count FROM pg_largeobject_metadata'),
  ]);
  const ofKind = (kinds: string) => relations.filter(({ kind }) => kinds.includes(kind));
  return {
    tables: ofKind('rpf').map(({ schema, name, rows }) => ({ schema, name, rows, exact: false })),
    views: ofKind('vm').map(({ kind, schema, name }) => ({ schema, name, materialized: kind === 'm' })),
    sequences: ofKind('S').map(({ schema, name }) => ({ schema, name })),
    routines,
    triggers: [...triggers, ...eventTriggers],
    events: [],
    extensions,
    largeObjects: largeObjects?.count ?? 0,
  };
}

async function readRelations(query: Query): Promise<Relation[]> {
  // Until a table has been analysed its estimate is -1, or 0 without pages before PostgreSQL 14. A partitioned table has no rows of
  // its own, and a dump has none of a foreign one.
  return await query<Relation>(
    `SELECT c.relkind AS kind, n.nspname AS schema, c.relname AS name,
            CASE WHEN c.reltuples < 0 OR c.relkind IN ('p', 'f') THEN NULL
                 WHEN c.relpages = 0 AND current_setting('server_version_num')::int < 140000 THEN NULL
                 ELSE round(c.reltuples)::float8 END AS rows
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND ${USER_SCHEMA} AND NOT ${isMember('pg_class', 'c.oid')}
      ORDER BY 2, 3`,
  );
}

async function readRoutines(query: Query): Promise<Routine[]> {
  return await query<Routine>(
    `SELECT n.nspname AS schema, p.proname AS name,
            CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind,
            pg_get_function_identity_arguments(p.oid) AS arguments
       FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE ${USER_SCHEMA} AND NOT ${isMember('pg_proc', 'p.oid')}
      ORDER BY 1, 2, 4`,
  );
}

async function readTriggers(query: Query): Promise<Inventory['triggers']> {
  return await query<Inventory['triggers'][number]>(
    `SELECT n.nspname AS schema, t.tgname AS name, c.relname AS table
       FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE NOT t.tgisinternal AND ${USER_SCHEMA} AND NOT ${isMember('pg_trigger', 't.oid')}
        AND NOT ${isMember('pg_class', 'c.oid')}
      ORDER BY 1, 3, 2`,
  );
}

/** Event triggers belong to no table and no schema: in a table's place stands what they wait for, `ddl_command_end`. */
async function readEventTriggers(query: Query): Promise<Inventory['triggers']> {
  return await query<Inventory['triggers'][number]>(
    `SELECT t.evtname AS name, t.evtevent AS table FROM pg_event_trigger t
      WHERE NOT ${isMember('pg_event_trigger', 't.oid')} ORDER BY 1`,
  );
}
