import { hostname } from 'node:os';
import type { Knex } from 'knex';
import type { InstanceTarget } from '../../model/instance.ts';
import { isLocal } from '../local.ts';
import { rows } from './query.ts';

/** The server's data directory, where it is certain that the server runs on this machine. */
export async function readDataDirectory(
  knex: Knex,
  { endpoint }: InstanceTarget,
): Promise<string | undefined> {
  if (!isLocal(endpoint)) return undefined;
  const [row] = await rows<{ directory: string; host: string }>(
    knex,
    'SELECT @@datadir AS directory, @@hostname AS host',
  );
  // A tunnel ends at 127.0.0.1, too.
  return row?.host === hostname() ? row.directory : undefined;
}
