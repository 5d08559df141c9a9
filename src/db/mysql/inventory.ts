import type { Knex } from 'knex';
import { VyaError } from '../../errors.ts';
import type { Inventory } from '../../model/inventory.ts';
import type { ServerInfo } from '../adapter.ts';
import { quoteAccount } from './names.ts';
import { attempt, rows } from './query.ts';

/** Engines that every server of both flavours has. */
const EVERYWHERE = new Set(['INNODB', 'MYISAM', 'MEMORY', 'CSV', 'MRG_MYISAM']);

interface TableRow {
  name: string;
  type: string;
  engine: string | null;
  estimate: string | number | null;
  data: string | number | null;
  size: string | number | null;
  collation: string | null;
}

/**
 * The objects of one database as the account sees them. Row counts are the catalogue's estimates.
 *
 * @throws VyaError `not-found` where the account sees no such database
 */
export async function readInventory(knex: Knex, server: ServerInfo, database: string): Promise<Inventory> {
  // The server's own order leaves names that differ in case alone in any order.
  const ask = async <Row extends { name: string }>(columns: string, table: string, schema: string) =>
    (await rows<Row>(knex, select(columns, table, schema), [database, database])).toSorted((a, b) =>
      a.name < b.name ? -1 : 1,
    );
  const properties = await readProperties(knex, server, database);
  const tables = await ask<TableRow>(
    `TABLE_NAME AS name, TABLE_TYPE AS type, ENGINE AS engine, TABLE_ROWS AS estimate, DATA_LENGTH AS data,
      DATA_LENGTH + INDEX_LENGTH AS size, TABLE_COLLATION AS collation`,
    'TABLES',
    'TABLE_SCHEMA',
  );
  const views = await ask<Defined>(`TABLE_NAME AS name, ${DEFINED}`, 'VIEWS', 'TABLE_SCHEMA');
  const routines = await ask<Defined & { type: string; second: string | null }>(
    `ROUTINE_NAME AS name, ROUTINE_TYPE AS type, ${DEFINED}, DATABASE_COLLATION AS second`,
    'ROUTINES',
    'ROUTINE_SCHEMA',
  );
  const triggers = await ask<Defined & { table: string }>(
    `TRIGGER_NAME AS name, EVENT_OBJECT_TABLE AS \`table\`, ${DEFINED}`,
    'TRIGGERS',
    'TRIGGER_SCHEMA',
  );
  const events = await ask<Defined & { status: string }>(
    `EVENT_NAME AS name, STATUS AS status, ${DEFINED}`,
    'EVENTS',
    'EVENT_SCHEMA',
  );
  const base = tables.filter(({ type }) => type === 'BASE TABLE' || type === 'SYSTEM VERSIONED');
  const objects = {
    views: views.map(({ name, definer }) => ({ name, materialized: false, definer: quoteAccount(definer) })),
    routines: routines.map(({ name, type, definer }) => ({
      name,
      kind: kindOf(type),
      definer: quoteAccount(definer),
    })),
    triggers: triggers.map(({ name, table, definer }) => ({ name, table, definer: quoteAccount(definer) })),
    events: events.map(({ name, status, definer }) => ({
      name,
      enabled: status === 'ENABLED',
      definer: quoteAccount(definer),
    })),
  };
  const definers = Object.values(objects).flatMap((list) => list.map(({ definer }) => definer));
  const collations = [
    ...[tables, views, routines, triggers, events].flatMap((list) => list.map(({ collation }) => collation)),
    ...routines.map(({ second }) => second),
    ...(await columnCollations(knex, database)),
  ];
  const engines = base
    .map(({ engine }) => engine ?? '')
    .filter((engine) => engine && !EVERYWHERE.has(engine.toUpperCase()));
  return {
    tables: base.map((table) => ({
      name: table.name,
      rows: table.estimate === null ? null : Number(table.estimate),
      exact: false,
      ...(table.engine !== null && { engine: table.engine }),
      ...(table.data !== null && { bytes: Number(table.data) }),
    })),
    ...objects,
    sequences: tables.filter(({ type }) => type === 'SEQUENCE').map(({ name }) => ({ name })),
    extensions: [],
    largeObjects: 0,
    needs: {
      roles: [],
      definers: sorted(definers),
      collations: sorted([properties.collation, ...collations.flatMap((name) => name || [])]),
      tablespaces: [],
      engines: sorted(engines),
    },
    database: {
      encoding: properties.encoding,
      collation: properties.collation,
      ...(properties.comment && { comment: properties.comment }),
      sizeBytes: tables.reduce((sum, { size }) => sum + Number(size ?? 0), 0),
    },
  };
}

interface Defined {
  name: string;
  definer: string;
  /** Of the session that it was made in. */
  collation: string | null;
}

const DEFINED = 'DEFINER AS definer, COLLATION_CONNECTION AS collation';

/**
 * A query on one table of the catalogue, for `[database, database]`: MariaDB compares names there without regard to case and
 * uses `=` to find them quickly, so the exact comparison stands beside it.
 */
function select(columns: string, table: string, schema: string): string {
  return `SELECT ${columns} FROM information_schema.${table}
    WHERE ${schema} = ? AND CAST(${schema} AS BINARY) = CAST(? AS BINARY)`;
}

async function readProperties(
  knex: Knex,
  server: ServerInfo,
  database: string,
): Promise<{ encoding: string; collation: string; comment?: string | null }> {
  const hasComment = server.flavour === 'mariadb' && (server.version.major > 10 || server.version.minor >= 5);
  const columns = `DEFAULT_CHARACTER_SET_NAME AS encoding, DEFAULT_COLLATION_NAME AS collation${hasComment ? ', SCHEMA_COMMENT AS comment' : ''}`;
  const [found] = await rows<{ encoding: string; collation: string; comment?: string | null }>(
    knex,
    select(columns, 'SCHEMATA', 'SCHEMA_NAME'),
    [database, database],
  );
  if (found) return found;
  throw new VyaError('not-found', `There is no database ${database} that ${server.account} can see`, {
    hint: 'Check its name, and that the account has privileges on it.',
  });
}

async function columnCollations(knex: Knex, database: string): Promise<(string | null)[]> {
  const query = select('DISTINCT COLLATION_NAME AS name', 'COLUMNS', 'TABLE_SCHEMA');
  const found = await attempt(() => rows<{ name: string | null }>(knex, query, [database, database]));
  return (found ?? []).map(({ name }) => name);
}

function kindOf(type: string): 'function' | 'procedure' | 'package' | 'package body' {
  if (type === 'PACKAGE BODY') return 'package body';
  if (type === 'PACKAGE') return 'package';
  return type === 'FUNCTION' ? 'function' : 'procedure';
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].toSorted();
}
