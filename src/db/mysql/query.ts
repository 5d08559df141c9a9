import type { Knex } from 'knex';
import { VyaError } from '../../errors.ts';

/** Runs one query and returns its rows: with `values` for its `?`, or as it stands, where a `?` may be part of a name. */
export async function rows<Row>(knex: Knex, sql: string, values?: readonly string[]): Promise<Row[]> {
  const result = (await (values ? knex.raw(sql, values) : knex.raw(sql))) as [unknown];
  return Array.isArray(result[0]) ? (result[0] as Row[]) : [];
}

/**
 * Runs a statement that changes something, with names written into it.
 *
 * @throws VyaError `privileges` or `failed` with what the server said
 */
export async function execute(knex: Knex, sql: string, session?: unknown): Promise<void> {
  try {
    await (session === undefined ? knex.raw(sql) : knex.raw(sql).connection(session));
  } catch (error) {
    throw serverError(error, firstWords(sql));
  }
}

/** What the server said, as an error that people can act on: of kind `privileges` or `failed`. `what`: what it refused. */
export function serverError(error: unknown, what: string): VyaError {
  if (error instanceof VyaError) return error;
  const text = error instanceof Error ? sqlMessage(error) : String(error);
  const privileges = DENIED.has((error as { errno?: number }).errno ?? 0);
  return new VyaError(privileges ? 'privileges' : 'failed', `${what} failed: ${text}`, {
    hint: privileges
      ? 'Let an administrator grant what is missing; vya check names it.'
      : 'Look at what the server said, and run again when it is settled.',
    cause: error,
  });
}

/** Runs several statements in the same session of the pool, for those that set something for the next one. */
export async function inOneSession(
  knex: Knex,
  work: (run: (sql: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const session: unknown = await knex.client.acquireConnection();
  try {
    await work((sql) => execute(knex, sql, session));
  } finally {
    await knex.client.releaseConnection(session);
  }
}

/** Asks in one session. The statement is sent as it stands. */
export type Ask = <Row extends object>(sql: string) => Promise<Row[]>;

/** Lets `work` ask several things in the same session of the pool. */
export async function askInOneSession<T>(knex: Knex, work: (ask: Ask) => Promise<T>): Promise<T> {
  const session: unknown = await knex.client.acquireConnection();
  try {
    return await work(async <Row>(sql: string) => {
      const [found] = (await knex.raw(sql).connection(session)) as [unknown];
      return Array.isArray(found) ? (found as Row[]) : [];
    });
  } finally {
    await knex.client.releaseConnection(session);
  }
}

/** What `work` gives, or undefined where the server says no: for questions that not every server or account can answer. */
export async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    // A lost connection is no answer.
    if (typeof (error as { errno?: unknown }).errno !== 'number' || (error as { fatal?: boolean }).fatal)
      throw error;
    return undefined;
  }
}

/** Access denied: to a database, a table, a column, a routine, a global privilege, and the like. */
export const DENIED = new Set([1044, 1045, 1142, 1143, 1227, 1370, 1410, 1419, 1698]);

/** The server's own words, without the statement that knex puts before them. */
export function sqlMessage(error: Error): string {
  return (error as { sqlMessage?: string }).sqlMessage ?? error.message;
}

function firstWords(sql: string): string {
  return sql.length > 200 ? `${sql.slice(0, 200)}…` : sql;
}
