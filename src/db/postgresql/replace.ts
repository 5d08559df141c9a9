import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { escapeIdentifier } from 'pg';
import { VyaError } from '../../errors.ts';
import type { InstanceTarget } from '../../model/instance.ts';
import type { ReplaceRequest } from '../adapter.ts';
import { databaseExists, dropDatabase } from './databases.ts';
import { giveProperties } from './give-properties.ts';
import { type Database, openMaintenance, sqlState } from './session.ts';

/** Clients that come back at once are kept out, so that one try is enough; more are for sessions that end slowly: the server waits 5 s for them. */
const TRIES = 3;

const OBJECT_IN_USE = '55006';

/**
 * Gives a restored database the properties of its source and then its name, in one transaction with the renaming of the database that
 * has the name now. Until that transaction has been committed the present database stays, or becomes again, what it was.
 * Throws VyaError `privileges` or `failed`.
 */
export async function replaceDatabase(target: InstanceTarget, request: ReplaceRequest): Promise<void> {
  // A signal of its own that never fires: an abort in between would leave the present database closed to everyone.
  const database = await openMaintenance(target, new AbortController().signal, request.name);
  try {
    await giveProperties(database, request.fresh, request.inventory.database, request);
    if (await databaseExists(database, request.name)) await swap(database, request);
    else await moveIn(database, request);
  } finally {
    await database.close();
  }
}

async function moveIn(database: Database, { fresh, name }: ReplaceRequest): Promise<void> {
  await withoutSessions(database, [fresh], () => database.query(rename(fresh, name)));
}

async function swap(database: Database, request: ReplaceRequest): Promise<void> {
  const { fresh, name, keepOldAs } = request;
  const old = keepOldAs ?? `vya_tmp_old_${randomBytes(6).toString('hex')}`;
  const wasOpen = await allowsConnections(database, name);
  await allowConnections(database, name, false);
  try {
    await withoutSessions(database, [name, fresh], () =>
      database.transaction(async (query) => {
        await query(rename(name, old));
        await query(rename(fresh, name));
      }),
    );
  } catch (error) {
    await allowConnections(database, name, wasOpen);
    throw error;
  }
  if (keepOldAs === undefined) await dropOld(database, name, old);
  else await allowConnections(database, old, wasOpen);
}

/** Ends the sessions in some databases and does what needs them empty, again where somebody is still there. */
async function withoutSessions(
  database: Database,
  names: readonly string[],
  work: () => Promise<unknown>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await database.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY ($1) AND pid <> pg_backend_pid()',
      [names],
    );
    try {
      await work();
      return;
    } catch (error) {
      if (sqlState(error) !== OBJECT_IN_USE || attempt === TRIES) throw error;
      await sleep(200 * attempt);
    }
  }
}

async function dropOld(database: Database, name: string, old: string): Promise<void> {
  try {
    await dropDatabase(database, old);
  } catch (cause) {
    throw new VyaError(
      'failed',
      `${name} has been restored and replaced, but what it was before could not be dropped and is still there as ${old}: ${(cause as Error).message}`,
      { cause, hint: `Drop it by hand: DROP DATABASE ${escapeIdentifier(old)} WITH (FORCE);` },
    );
  }
}

async function allowsConnections(database: Database, name: string): Promise<boolean> {
  const [row] = await database.query<{ open: boolean }>(
    'SELECT datallowconn AS open FROM pg_database WHERE datname = $1',
    [name],
  );
  return row?.open ?? true;
}

async function allowConnections(database: Database, name: string, open: boolean): Promise<void> {
  await database.query(`ALTER DATABASE ${escapeIdentifier(name)} WITH ALLOW_CONNECTIONS ${open}`);
}

function rename(from: string, to: string): string {
  return `ALTER DATABASE ${escapeIdentifier(from)} RENAME TO ${escapeIdentifier(to)}`;
}
