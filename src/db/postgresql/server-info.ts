import type { InstanceTarget } from '../../model/instance.ts';
import type { Version } from '../../model/version.ts';
import type { ServerInfo } from '../adapter.ts';
import type { Database } from './session.ts';

/**
 * Names one running server: a copy of a data directory has the same system identifier, but was started at another moment.
 * Both functions are open to everybody.
 */
export const IDENTITY_SQL = `SELECT pg_catalog.concat(system_identifier, '/', pg_catalog.to_char(
  pg_catalog.pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS.US')) AS identity
  FROM pg_catalog.pg_control_system()`;

/** For PGOPTIONS. */
export interface SessionOptions {
  /** Of every client program. */
  client: string;
  /** Besides, of those that load. */
  load: string;
}

/** What building an index may use at least, in kB: the default of 64 MB makes it sort on disk. */
const indexMemory = 256 * 1024;

/**
 * A role may carry limits that pg_dump and pg_restore do not reset, or that end psql (F7). A session that waits for a lock, or works
 * for long, looks now and then whether its client is still there (F6): servers on Linux can since 14. A load need not wait for the
 * disk after each of its transactions: what takes the database's name afterwards does. Memory is only ever added.
 */
export async function readSessionOptions(
  database: Database,
  { version: { major } }: ServerInfo,
): Promise<SessionOptions> {
  const [row] = await database.query<{ linux: boolean; memory: string }>(
    `SELECT version() ~* 'linux' AS linux, (SELECT setting FROM pg_settings WHERE name = 'maintenance_work_mem') AS memory`,
  );
  const client = [
    'statement_timeout=0',
    'idle_in_transaction_session_timeout=0',
    ...(major >= 14 ? ['idle_session_timeout=0'] : []),
    ...(major >= 17 ? ['transaction_timeout=0'] : []),
    ...(major >= 14 && row?.linux ? ['client_connection_check_interval=2s'] : []),
  ];
  const load = [
    'default_transaction_read_only=off',
    'synchronous_commit=off',
    ...(Number(row?.memory) < indexMemory ? [`maintenance_work_mem=${indexMemory}kB`] : []),
  ];
  const options = (settings: readonly string[]) => settings.map((setting) => `-c ${setting}`).join(' ');
  return { client: options(client), load: options(load) };
}

interface Row {
  number: number;
  text: string;
  account: string;
  replica: boolean;
}

/** Asks a server who it is. Throws VyaError `connection` or `privileges`. */
export async function readServerInfo(database: Database, target: InstanceTarget): Promise<ServerInfo> {
  const [row] = await database.query<Row>(
    `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS text,
            session_user::text AS account, pg_is_in_recovery() AS replica`,
  );
  const [{ identity } = { identity: '' }] = await database.query<{ identity: string }>(IDENTITY_SQL);
  const started = performance.now();
  await database.query('SELECT 1');
  const latencyMs = performance.now() - started;
  return {
    flavour: 'postgresql',
    version: serverVersion(row?.number ?? 0),
    versionText: `PostgreSQL ${row?.text ?? ''}`,
    identity,
    latencyMs,
    account: row?.account ?? target.user,
    replica: row?.replica ?? false,
    encrypted: database.encrypted,
  };
}

/** From `server_version_num`: 150004 is 15.4. */
function serverVersion(number: number): Version {
  const major = Math.floor(number / 10_000);
  const minor = number % 10_000;
  return { text: `${major}.${minor}`, major, minor, patch: 0 };
}
