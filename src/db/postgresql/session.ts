import type { Knex } from 'knex';
import type { Client, QueryResult, QueryResultRow } from 'pg';
import { VyaError } from '../../errors.ts';
import { describeEndpoint, type InstanceTarget } from '../../model/instance.ts';
import { openKnex } from '../engine.ts';

/**
 * Runs one statement with `$1`… values and returns its rows; of several without values, divided by semicolons, each one's rows. Throws
 * VyaError `connection`, `privileges` or `failed`.
 */
export type Query = <T extends object = QueryResultRow>(
  text: string,
  values?: readonly unknown[],
) => Promise<T[]>;

/** Sessions in one database. */
export interface Database {
  name: string;
  encrypted: boolean;
  query: Query;
  /** Runs `work` in one transaction, which is rolled back when it throws. `mode` follows BEGIN. */
  transaction<T>(work: (query: Query) => Promise<T>, mode?: string): Promise<T>;
  close(): Promise<void>;
}

/** Opens sessions in one database; `single`: one that nothing replaces. Throws VyaError `connection`. */
export async function openDatabase(
  target: InstanceTarget,
  name: string,
  signal: AbortSignal,
  { single = false } = {},
): Promise<Database> {
  const { knex, encrypted } = await openKnex(target, { database: name, signal, single });
  return {
    name,
    encrypted,
    query: (text, values) =>
      withClient(knex, signal, (client) => queryWith(client, target, name)(text, values)),
    transaction: (work, mode) =>
      withClient(knex, signal, (client) => transact(queryWith(client, target, name), work, mode)),
    close: async () => await knex.destroy(),
  };
}

/** Opens a database, lets `work` use it, and closes it whatever happens. Throws VyaError `connection`. */
export async function withDatabase<T>(
  target: InstanceTarget,
  name: string,
  signal: AbortSignal,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const database = await openDatabase(target, name, signal);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/**
 * Opens a database for work on the server as a whole, other than `except`: `postgres`, else `template1`, else the one that bears the
 * user's name, as some managed services have it. Throws VyaError `connection`.
 */
export async function openMaintenance(
  target: InstanceTarget,
  signal: AbortSignal,
  { except, single = false }: { except?: string | undefined; single?: boolean } = {},
): Promise<Database> {
  const names = ['postgres', 'template1', target.user].filter((name) => name !== except);
  let first: unknown;
  for (const name of names) {
    try {
      return await openDatabase(target, name, signal, { single });
    } catch (error) {
      if (!NOT_THIS_DATABASE.has(sqlState(error) ?? '')) throw error;
      first ??= error;
    }
  }
  throw first;
}

/** No such database, no CONNECT privilege, no connections allowed. */
const NOT_THIS_DATABASE = new Set(['3D000', '42501', '55000']);

/** The SQLSTATE behind an error, if a server sent one. */
export function sqlState(error: unknown): string | undefined {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) return code;
  return cause instanceof Error ? sqlState(cause) : undefined;
}

// The driver's own `query` is used, because knex.raw takes every question mark in a quoted name for a value.
function queryWith(client: Client, target: InstanceTarget, database: string): Query {
  return async <T extends object>(text: string, values: readonly unknown[] = []) => {
    try {
      if (values.length > 0) return (await client.query(text, [...values])).rows as T[];
      const result = (await client.query(text)) as QueryResult | QueryResult[];
      return (Array.isArray(result) ? result.map(({ rows }) => rows) : result.rows) as T[];
    } catch (cause) {
      throw queryError(cause, target, database);
    }
  };
}

/** An abort cuts the sessions off: then its reason is what matters, not the error of the broken connection. */
async function withClient<T>(
  knex: Knex,
  signal: AbortSignal,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const pool = knex.client as {
    acquireConnection(): Promise<Client>;
    releaseConnection(client: Client): Promise<void>;
  };
  signal.throwIfAborted();
  try {
    const client = await pool.acquireConnection();
    try {
      return await work(client);
    } finally {
      await pool.releaseConnection(client);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

async function transact<T>(query: Query, work: (query: Query) => Promise<T>, mode = ''): Promise<T> {
  await query(`BEGIN ${mode}`);
  try {
    const result = await work(query);
    await query('COMMIT');
    return result;
  } catch (error) {
    // Fails only when the session is gone, and its transaction with it.
    await query('ROLLBACK').catch(() => {});
    throw error;
  }
}

function queryError(cause: unknown, target: InstanceTarget, database: string): VyaError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const state = sqlState(cause) ?? '';
  const where = `${target.id}/${database}`;
  if (state === '42501') {
    return new VyaError('privileges', `${where}: ${text}`, {
      cause,
      hint: `Grant what is missing to ${target.user}; vya check names it.`,
    });
  }
  if (state === '' || /^(08|57P)/.test(state)) {
    const endpoint = describeEndpoint(target.endpoint);
    return new VyaError('connection', `${where}: the connection to ${endpoint} was lost: ${text}`, {
      cause,
      hint: "Look into the server's log, then run the command again.",
    });
  }
  const hint =
    state === '55P03'
      ? 'Somebody holds a lock for long: look into pg_locks and pg_stat_activity, then run the command again.'
      : 'Run the command again with --verbose for the details.';
  return new VyaError('failed', `${where}: ${text}`, { cause, hint });
}
