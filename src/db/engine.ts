import knex, { type Knex } from 'knex';
import { VyaError } from '../errors.ts';
import { describeEndpoint, type EngineType, type InstanceTarget } from '../model/instance.ts';
import { connectionError } from './connection-error/connection-error.ts';
import type { Driver } from './drivers/driver.ts';

/** How much longer the pool waits than the driver, so that the driver's own error is the one that is seen. */
const POOL_GRACE_MS = 5_000;

const MAX_CONNECTIONS = 3;

export interface OpenOptions {
  /** The database of the sessions. Without one: none on MySQL, `postgres` on PostgreSQL. */
  database?: string;
  signal: AbortSignal;
  /** Run in every new session, after vya's own settings. */
  sessionStatements?: readonly string[];
  /** One session for the whole life, never replaced by another: what it holds (locks) is gone when it is. */
  single?: boolean;
}

/** Servers that offered no encryption: with `prefer` that is asked once, and not by every session in another database. */
const withoutTls = new WeakSet<InstanceTarget>();

const silent = { warn() {}, error() {}, deprecate() {}, debug() {} };

export interface OpenKnex {
  knex: Knex;
  /** Whether TLS carries the sessions. One answer for all: with `prefer` it is settled by the first one. */
  encrypted: boolean;
}

/**
 * Opens a pool of at most three sessions to one server, of which the first has logged in when this returns. Destroy it after use.
 * When `signal` aborts, running queries are cut off, and no others are taken. Throws VyaError `connection`, or `configuration` for unreadable certificate files.
 */
export async function openKnex(target: InstanceTarget, options: OpenOptions): Promise<OpenKnex> {
  const driver = await driverFor(target.type);
  const { mode } = target.tls;
  // A Unix socket needs no cover, so `prefer` asks for none there.
  const known = mode === 'prefer' && ('socket' in target.endpoint || withoutTls.has(target));
  const tryTls = mode !== 'disable' && !known;
  try {
    return await openWith(driver, target, options, tryTls);
  } catch (error) {
    // It may have been started anew, with other settings.
    withoutTls.delete(target);
    const fallBack = mode === 'prefer' && tryTls && error instanceof Error && driver.saysNoTls(error);
    if (!fallBack) throw await explained(error, target, options);
  }
  try {
    const opened = await openWith(driver, target, options, false);
    withoutTls.add(target);
    return opened;
  } catch (error) {
    throw await explained(error, target, options);
  }
}

/** Loaded when it is asked for, so that nobody waits for the other one. */
async function driverFor(type: EngineType): Promise<Driver<unknown>> {
  if (type === 'mysql') return (await import('./drivers/mysql.ts')).mysqlDriver;
  return (await import('./drivers/postgresql.ts')).postgresqlDriver;
}

async function openWith(
  driver: Driver<unknown>,
  target: InstanceTarget,
  { database, signal, sessionStatements = [], single = false }: OpenOptions,
  encrypt: boolean,
): Promise<OpenKnex> {
  signal.throwIfAborted();
  const connections = new Set<unknown>();
  let encrypted = false;
  let opened = 0;
  const pool = knex({
    client: driver.dialect,
    connection: (await driver.connection(target, database, encrypt)) as Knex.StaticConnectionConfig,
    log: silent,
    acquireConnectionTimeout: target.connectTimeoutMs + POOL_GRACE_MS,
    pool: {
      min: single ? 1 : 0,
      max: single ? 1 : MAX_CONNECTIONS,
      createTimeoutMillis: target.connectTimeoutMs + POOL_GRACE_MS,
      afterCreate: (connection: unknown, done: (error: unknown, connection: unknown) => void) => {
        const refuse = (error: unknown) => {
          driver.drop(connection);
          done(error, connection);
        };
        if (signal.aborted) return refuse(signal.reason);
        if (single && opened > 0) return refuse(sessionLost(target));
        opened += 1;
        connections.add(connection);
        encrypted = driver.isEncrypted(connection);
        prepareSession(driver, connection, target, sessionStatements).then(
          () => done(null, connection),
          refuse,
        );
      },
    },
  });
  if (driver.open) (pool.client as { driver: unknown }).driver = { createConnection: driver.open };
  const cutOff = () => connections.forEach((connection) => driver.drop(connection));
  signal.addEventListener('abort', cutOff, { once: true });
  pool.client.pool.on('destroySuccess', (_id: number, connection: unknown) => connections.delete(connection));
  pool.client.pool.on('poolDestroySuccess', () => signal.removeEventListener('abort', cutOff));
  try {
    await abortable(
      pool.raw('SELECT 1').then(() => undefined),
      signal,
    );
  } catch (error) {
    void pool.destroy();
    throw error;
  }
  return { knex: pool, encrypted };
}

function sessionLost({ id, endpoint }: InstanceTarget): VyaError {
  return new VyaError('connection', `${id}: the session on ${describeEndpoint(endpoint)} was lost`, {
    hint: "Look into the server's log, then run the command again.",
  });
}

async function prepareSession(
  driver: Driver<unknown>,
  connection: unknown,
  target: InstanceTarget,
  statements: readonly string[],
): Promise<void> {
  for (const statement of [...driver.prepare(target), ...statements]) await driver.run(connection, statement);
}

/** Settles with `work`, or rejects with the signal's reason as soon as it aborts. */
async function abortable(work: Promise<void>, signal: AbortSignal): Promise<void> {
  let stop = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
    work.catch(() => {});
  }
}

async function explained(
  error: unknown,
  target: InstanceTarget,
  { database, signal }: OpenOptions,
): Promise<unknown> {
  if (signal.aborted) return signal.reason;
  return error instanceof VyaError ? error : await connectionError(target, error, database);
}
