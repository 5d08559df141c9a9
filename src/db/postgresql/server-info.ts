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

/**
 * For PGOPTIONS. A role may carry limits that pg_dump and pg_restore do not reset, or that end psql (F7). A session that waits for
 * a lock, or works for long, looks now and then whether its client is still there (F6): servers on Linux can since 14.
 */
export async function readClientOptions(
  database: Database,
  { version: { major } }: ServerInfo,
): Promise<string> {
  const [row] = await database.query<{ linux: boolean }>(`SELECT version() ~* 'linux' AS linux`);
  const settings = [
    'statement_timeout=0',
    'idle_in_transaction_session_timeout=0',
    ...(major >= 14 ? ['idle_session_timeout=0'] : []),
    ...(major >= 17 ? ['transaction_timeout=0'] : []),
    ...(major >= 14 && row?.linux ? ['client_connection_check_interval=2s'] : []),
  ];
  return settings.map((setting) => `-c ${setting}`).join(' ');
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
