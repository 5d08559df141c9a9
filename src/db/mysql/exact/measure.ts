import { createHash } from 'node:crypto';
import { VyaError } from '../../../errors.ts';
import type { TableEntry } from '../../../model/inventory.ts';
import type { ServerInfo } from '../../adapter.ts';
import type { TableMeasure } from '../../snapshot.ts';
import { qualified, quoteText } from '../names.ts';
import { type Column, type Fragile, fragileOf, hash, rowText } from './row-digest.ts';
import { sqlMessage } from '../query.ts';
import type { PinnedSession } from '../session.ts';

/** What is measured, and in which session: a snapshot's read view holds for whatever is asked in its own. */
export interface MeasureRequest {
  session: Pick<PinnedSession, 'ask'>;
  server: ServerInfo;
  database: string;
  tables: readonly Pick<TableEntry, 'name'>[];
  /** MariaDB: dumps carry the history of system-versioned tables, so it is counted as well. */
  history: boolean;
  /** The session is in a transaction, which must not keep every table from being altered until it ends. */
  inTransaction: boolean;
}

/** Counts for a row that the server could not hash, beyond all sums of hashes. */
const NOT_HASHED = 10n ** 40n;

interface CatalogueColumn extends Column {
  tableName: string;
  /** Of a column that the server computes: no part of a dump. */
  expression: string | null;
}

/**
 * Counts and digests of tables, one after the other, each by one read of the whole table.
 *
 * The digest is the sum of a 64-bit hash of each row, so the order of rows does not matter and equal rows count. It is over what
 * a dump carries: generated columns are not, invisible ones are. With a FLOAT, JSON or text of a rare character set, a column's exact
 * values have a digest of their own; DATE and DATETIME only where there are invalid dates. A column that is fragile in one of two
 * measures alone differs.
 *
 * @throws VyaError `failed` where a table cannot be read, as after ALTER TABLE in a snapshot (F5)
 */
export async function measureTables(request: MeasureRequest): Promise<TableMeasure[]> {
  const columns = await readColumns(request);
  const versioned = request.history ? await readVersioned(request) : undefined;
  const measures: TableMeasure[] = [];
  for (const { name } of request.tables) {
    try {
      if (request.inTransaction) await request.session.ask('SAVEPOINT one_table');
      measures.push(
        await measureTable(request, name, columns.get(name) ?? [], versioned?.has(name) ?? false),
      );
      if (request.inTransaction) await request.session.ask('ROLLBACK TO SAVEPOINT one_table');
    } catch (error) {
      throw notCounted(request.database, name, error);
    }
  }
  return measures;
}

/** With the server's number of the error, which tells what may be tried again. */
function notCounted(database: string, table: string, error: unknown): unknown {
  const { errno } = error as { errno?: unknown };
  if (error instanceof VyaError || typeof errno !== 'number') return error;
  const said = `${sqlMessage(error as Error)} (${errno})`;
  return new VyaError('failed', `${database}: the rows of ${table} cannot be counted: ${said}`, {
    hint: 'Look at what the server said, and run again when it is settled.',
    cause: error,
  });
}

async function measureTable(
  { session, server, database }: MeasureRequest,
  table: string,
  all: readonly CatalogueColumn[],
  versioned: boolean,
): Promise<TableMeasure> {
  const columns = [...all.filter(({ expression }) => !expression), ...(versioned ? versionColumns(all) : [])];
  const fragile = columns.map(fragileOf).filter((some) => some !== undefined);
  const from = `FROM ${qualified(database, table)}${versioned ? ' FOR SYSTEM_TIME ALL' : ''}`;
  const wanted = [
    'COUNT(*) AS counted',
    `SUM(IFNULL(${hash(rowText(columns))}, ${NOT_HASHED})) AS digest`,
    ...fragile.map(({ risk, exact }, index) => `SUM(${risk ?? hash(orN(exact))}) AS f${index}`),
  ];
  const [found] = await session.ask<Record<string, string | number | null>>(
    `SELECT ${wanted.join(', ')} ${from}`,
  );
  if (BigInt(found?.['digest'] ?? 0) >= NOT_HASHED) throw tooLong(database, table);
  const digests: { column: string; type: string; value: string }[] = [];
  for (const [index, some] of fragile.entries()) {
    const value = found?.[`f${index}`] ?? 0;
    const described = { column: some.column.name, type: some.column.fullType };
    if (some.risk === undefined) digests.push({ ...described, value: inHex(value) });
    else if (Number(value) > 0) digests.push({ ...described, value: await exactDigest(session, some, from) });
  }
  return {
    name: table,
    rows: Number(found?.['counted']),
    digest: {
      method: `${server.flavour}-sha2-1${versioned ? '-history' : ''}`,
      value: `${nameDigest(columns)}-${inHex(found?.['digest'] ?? 0)}`,
      fragile: digests,
    },
  };
}

async function exactDigest(
  session: MeasureRequest['session'],
  { exact }: Fragile,
  from: string,
): Promise<string> {
  const [found] = await session.ask<{ digest: string | number | null }>(
    `SELECT SUM(${hash(orN(exact))}) AS digest ${from}`,
  );
  return inHex(found?.digest ?? 0);
}

function orN(expression: string): string {
  return `IFNULL(${expression}, 'N')`;
}

function tooLong(database: string, table: string): VyaError {
  return new VyaError(
    'failed',
    `${database}: a row of ${table} holds more than max_allowed_packet, and the server cannot hash it`,
    {
      hint: 'Raise max_allowed_packet on the server, or back up without exact counts.',
    },
  );
}

/** The columns of the tables by table. Names are compared byte by byte. */
async function readColumns({ session, database }: MeasureRequest): Promise<Map<string, CatalogueColumn[]>> {
  const schema = quoteText(database);
  const found = await session.ask<CatalogueColumn>(
    `SELECT TABLE_NAME AS tableName, COLUMN_NAME AS name, LOWER(DATA_TYPE) AS type, COLUMN_TYPE AS fullType,
        CHARACTER_SET_NAME AS charset, GENERATION_EXPRESSION AS expression
      FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = ${schema} AND CAST(TABLE_SCHEMA AS BINARY) = CAST(${schema} AS BINARY)
      ORDER BY TABLE_NAME, ORDINAL_POSITION`,
  );
  const columns = new Map<string, CatalogueColumn[]>();
  for (const column of found) {
    const known = columns.get(column.tableName);
    if (known) known.push(column);
    else columns.set(column.tableName, [column]);
  }
  return columns;
}

async function readVersioned({ session, database }: MeasureRequest): Promise<Set<string>> {
  const schema = quoteText(database);
  const found = await session.ask<{ name: string }>(
    `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_TYPE = 'SYSTEM VERSIONED'
        AND TABLE_SCHEMA = ${schema} AND CAST(TABLE_SCHEMA AS BINARY) = CAST(${schema} AS BINARY)`,
  );
  return new Set(found.map(({ name }) => name));
}

/** Where a system-versioned table keeps when a row was true: columns that were declared, or hidden ones. */
function versionColumns(all: readonly CatalogueColumn[]): Column[] {
  const declared = all.filter(({ expression }) => /^ROW (START|END)$/i.test(expression ?? ''));
  if (declared.length > 0) return declared;
  return ['row_start', 'row_end'].map((name) => ({
    name,
    type: 'timestamp',
    fullType: 'timestamp(6)',
    charset: null,
  }));
}

/** Stands for the columns' names in their order: equal values in other columns are no equal rows. */
function nameDigest(columns: readonly Column[]): string {
  const names = JSON.stringify(columns.map(({ name }) => name));
  return createHash('sha256').update(names).digest('hex').slice(0, 8);
}

function inHex(sum: string | number): string {
  return BigInt(sum).toString(16);
}
