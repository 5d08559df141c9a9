import type { RunOptions, VyaResult, Workspace } from '../cli/vya.ts';
import { connect } from '../servers/connect.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import type { Fingerprint } from './fingerprint.ts';

/** What the cases share: two servers of one kind, a workspace, and the sample with one good backup of it. */
export interface Contract {
  kind: ServerKind;
  server: TestServer;
  /** Another server of the same kind, on which nothing was created yet. */
  second: TestServer;
  /**
   * Instances: `main`, `socket` (the same server through its Unix socket) and `second` take the sample; `names` and
   * `chosen` take databases that their cases make.
   */
  space: Workspace;
  /** The sample database as it was when `backup` was made. */
  original: Fingerprint;
  next: Record<string, unknown>;
  backup: { id: string; path: string };
}

export interface BackupJson {
  status: string;
  code: number;
  instances: {
    instance: string;
    error?: ErrorJson;
    databases: {
      database: string;
      status: string;
      id: string;
      path: string;
      sizeBytes: number;
      warnings: string[];
      error?: ErrorJson;
    }[];
  }[];
}

export interface RestoreJson {
  status: string;
  database: string;
  replaced: boolean;
  keptOldAs?: string;
  warnings: string[];
  disabledEvents: string[];
  error?: ErrorJson;
}

interface ErrorJson {
  code: number;
  kind: string;
  message: string;
  hint?: string;
}

export const sample = 'deli';

/** Logins of an account that may read some databases and not others. */
export const limited = { user: 'contract_limited', password: 'Limited.1' };

/** Backs the sample up and answers with the one backup that was made; fails with everything that vya said. */
export async function backUp(
  { space }: Contract,
  instance: string,
  options: readonly string[] = [],
): Promise<{ id: string; path: string }> {
  const result = await space.vya(['backup', '--instance', instance, '--format', 'json', ...options]);
  ended(result, 0);
  const [database] = result.json<BackupJson>().instances[0]?.databases ?? [];
  if (!database) throw new Error(`no database was backed up\n${result.stdout}`);
  return database;
}

/** Restores, and fails with everything that vya said unless it ended with 0. */
export async function restore(
  { space }: Contract,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RestoreJson> {
  const result = await space.vya(['restore', '--format', 'json', ...args], options);
  ended(result, 0);
  return result.json<RestoreJson>();
}

/** Fails with everything that vya said unless it ended with `code`. */
export function ended(result: VyaResult, code: number): void {
  if (result.code === code) return;
  throw new Error(`vya ended with ${result.code} instead of ${code}\n${result.stdout}\n${result.stderr}`);
}

/** Names of the databases of a server, without its own. */
export async function databasesOf(server: TestServer): Promise<string[]> {
  const connection = await connect(server);
  const question =
    server.type === 'mysql'
      ? `SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA
         WHERE SCHEMA_NAME NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')`
      : `SELECT datname AS name FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'`;
  const rows = await connection.query<{ name: string }>(question);
  await connection.close();
  return rows.map(({ name }) => name).sort();
}

/** Runs statements on a server, in a database where one is named. */
export async function run(server: TestServer, sql: string, database?: string): Promise<void> {
  const connection = await connect(server, database);
  try {
    await connection.script(sql);
  } finally {
    await connection.close();
  }
}

export function quoteName({ type }: TestServer, name: string): string {
  return type === 'mysql' ? `\`${name.replaceAll('`', '``')}\`` : `"${name.replaceAll('"', '""')}"`;
}

export function dropDatabase(server: TestServer, name: string): Promise<void> {
  const force = server.type === 'postgresql' ? 'WITH (FORCE)' : '';
  return run(server, `DROP DATABASE ${quoteName(server, name)} ${force}`);
}
