import { readFile } from 'node:fs/promises';
import type { InstanceTarget } from '../../model/instance.ts';
import type { Inventory } from '../../model/inventory.ts';
import { isLocal } from '../local.ts';
import type { Database } from './session.ts';

/**
 * The directory that would hold a database with these properties, where it is certain that the server runs on this machine and the
 * account may know it.
 */
export async function readDataDirectory(
  { query }: Database,
  { endpoint }: InstanceTarget,
  { tablespace }: Inventory['database'],
): Promise<string | undefined> {
  if (!isLocal(endpoint)) return undefined;
  const [row] = await query<{ pid: number; directory: string | null; place: string | null }>(
    `SELECT pg_backend_pid() AS pid,
            CASE WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory') END AS directory,
            (SELECT nullif(pg_tablespace_location(oid), '') FROM pg_tablespace WHERE spcname = $1) AS place`,
    [tablespace ?? 'pg_default'],
  );
  if (!row || !(await isServerProcess(row.pid))) return undefined;
  return row.place ?? row.directory ?? undefined;
}

/** A tunnel ends at 127.0.0.1, too; but this session's process can only be seen on the server's own machine. */
async function isServerProcess(pid: number): Promise<boolean> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return line.startsWith('postgres: ');
}
