import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import dialect from 'knex/lib/dialects/postgres/index.js';
import type { Client, ClientConfig } from 'pg';
import type { Endpoint, InstanceTarget } from '../../model/instance.ts';
import { certificateCheck, driverTls } from '../tls.ts';
import type { Driver } from './driver.ts';

/** Limits that a role or database may carry and that would end metadata queries or a long wait (F7). */
const UNLIMITED =
  "'statement_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout'";

/** How pg reaches a server. */
export const postgresqlDriver: Driver<Client> = {
  dialect,
  connection: pgConnection,
  prepare: prepareSession,
  run: async (client, statement) => void (await client.query(statement)),
  isEncrypted: (client) => Boolean(pgSocket(client).encrypted),
  drop: (client) => pgSocket(client).destroy(),
  saysNoTls: (error) => error.message === 'The server does not support SSL connections',
};

/**
 * The host and port as libpq and pg understand them: a directory stands for the Unix socket `.s.PGSQL.<port>` in it, so that a
 * socket may be configured as its directory or as its full path.
 */
export function postgresqlHost(endpoint: Endpoint): { host: string; port: number } {
  if ('host' in endpoint) return endpoint;
  const named = /^\.s\.PGSQL\.(\d+)$/.exec(path.basename(endpoint.socket));
  if (!named) return { host: endpoint.socket, port: endpoint.port };
  return { host: path.dirname(endpoint.socket), port: Number(named[1]) };
}

async function pgConnection(target: InstanceTarget, database: string | undefined, encrypt: boolean) {
  const check = certificateCheck(target.tls);
  const settings: ClientConfig = {
    ...postgresqlHost(target.endpoint),
    user: target.user,
    // A function, because pg would look for an absent or empty password in PGPASSWORD and ~/.pgpass.
    password: () => target.password ?? '',
    database: database ?? 'postgres',
    // Everything that pg would otherwise take from PG… variables.
    client_encoding: 'UTF8',
    application_name: 'vya',
    sslnegotiation: 'postgres',
    options: '-c statement_timeout=0',
    keepAlive: true,
    connectionTimeoutMillis: target.connectTimeoutMs,
    ssl: encrypt && {
      ...(await driverTls(target)),
      ...(check === 'chain' && { checkServerIdentity: () => undefined }),
    },
  };
  return settings;
}

function prepareSession(target: InstanceTarget): readonly string[] {
  // A killed vya must leave no session that waits for a lock (F6). pg_settings tells which of them this version knows; search_path is fixed so that nobody's objects shadow the catalogue's.
  return [
    `SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN (${UNLIMITED})
     UNION ALL SELECT pg_catalog.set_config('lock_timeout', '${wholeSeconds(target)}s', false)
     UNION ALL SELECT pg_catalog.set_config(name, '2s', false) FROM pg_catalog.pg_settings
       WHERE name = 'client_connection_check_interval' AND pg_catalog.version() ~* 'linux'
     UNION ALL SELECT pg_catalog.set_config('default_transaction_read_only', 'off', false)
     UNION ALL SELECT pg_catalog.set_config('search_path', 'pg_catalog', false)`,
  ];
}

function wholeSeconds(target: InstanceTarget): number {
  return Math.max(1, Math.round(target.lockWaitSeconds));
}

function pgSocket(client: Client) {
  return (client as unknown as { connection: { stream: TLSSocket } }).connection.stream;
}
