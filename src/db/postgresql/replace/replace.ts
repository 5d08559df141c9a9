import { setTimeout as sleep } from 'node:timers/promises';
import { escapeIdentifier, escapeLiteral } from 'pg';
import { VyaError } from '../../../errors.ts';
import type { InstanceTarget } from '../../../model/instance.ts';
import { asideName } from '../../../model/scratch-names.ts';
import { appeared, type ReplaceRequest } from '../../replacement.ts';
import { databaseExists, dropDatabase } from '../databases.ts';
import { giveProperties } from './give-properties.ts';
import { giveBack, type Holds, take, targetLock } from './hold.ts';
import { allowConnections, noteStatement, reopen } from './journal.ts';
import { type Database, openMaintenance, type Query, sqlState } from '../session.ts';

/** Clients that come back at once are kept out, so that one try is enough; more are for sessions that end slowly: the server waits 5 s for them. */
const TRIES = 3;

const OBJECT_IN_USE = '55006';

/**
 * Gives a restored database the properties of its source and then its name, in one transaction with the renaming of the database that
 * has the name now. Until that transaction has been committed the present database stays, or becomes again, what it was: journal.ts
 * tells how, when this run dies. No signal interrupts it. Throws VyaError `privileges` or `failed`; `locked` when another run
 * replaces the same database.
 */
export async function replaceDatabase(holds: Holds, request: ReplaceRequest): Promise<void> {
  const { fresh, name, inventory } = request;
  const { database } = await holds.of(fresh, name);
  await takeTarget(database, name);
  try {
    // Until it has its name, the comment is the journal's place.
    await giveProperties(database, fresh, { ...inventory.database, comment: undefined }, request);
    if (!(await databaseExists(database, name))) await moveIn(database, request);
    else if (request.mayReplace) await swap(database, holds, request);
    else throw appeared(name);
  } finally {
    await giveBack(database, targetLock(name)).catch(() => {});
  }
}

/** Drops a database to make room for its successor, unless another run is replacing it. */
export async function dropTarget(target: InstanceTarget, name: string): Promise<void> {
  const database = await openMaintenance(target, new AbortController().signal, {
    except: name,
    single: true,
  });
  try {
    await takeTarget(database, name);
    await dropDatabase(database, name);
  } finally {
    await database.close();
  }
}

async function takeTarget(database: Database, name: string): Promise<void> {
  if (await take(database, targetLock(name))) return;
  throw new VyaError('locked', `Another run of vya is replacing ${name} now`, {
    hint: 'Wait until it has ended, then run again.',
  });
}

async function moveIn(database: Database, request: ReplaceRequest): Promise<void> {
  await withoutSessions(database, [request.fresh], () =>
    database.transaction((query) => takeName(query, request)),
  );
}

async function takeName(query: Query, { fresh, name, inventory }: ReplaceRequest): Promise<void> {
  const { comment } = inventory.database;
  await query(rename(fresh, name));
  const text = comment === undefined ? 'NULL' : escapeLiteral(comment);
  await query(`COMMENT ON DATABASE ${escapeIdentifier(name)} IS ${text}`);
}

async function swap(database: Database, holds: Holds, request: ReplaceRequest): Promise<void> {
  const { fresh, name, keepOldAs } = request;
  const old = keepOldAs ?? asideName(fresh);
  const present = await presentDatabase(database, name);
  try {
    if (present.open) await close(database, request, present.oid);
    await withoutSessions(database, [name, fresh], () =>
      database.transaction(async (query) => {
        await query(rename(name, old));
        await query(
          keepOldAs === undefined
            ? noteStatement(old, { replaced: name })
            : allowConnections(old, present.open),
        );
        await takeName(query, request);
      }),
    );
  } catch (error) {
    await settle(error, holds, request);
  }
  if (keepOldAs === undefined) await dropOld(holds, request, old);
}

/** Keeps new clients out, and notes beside it that this has to be undone. */
async function close(database: Database, { fresh, name }: ReplaceRequest, oid: number): Promise<void> {
  await database.transaction(async (query) => {
    await query(noteStatement(fresh, { closed: oid }));
    await query(allowConnections(name, false));
  });
}

/** After a failure: returns when the swap was made all the same (only its answer was lost), otherwise opens the present database and throws. */
async function settle(error: unknown, holds: Holds, { fresh, name }: ReplaceRequest): Promise<void> {
  try {
    const { database } = await holds.of(fresh, name);
    if (!(await databaseExists(database, fresh))) return;
    await reopen(database, fresh);
  } catch (second) {
    throw new VyaError(
      'failed',
      `${messageOf(error)}. ${name} is as it was before, but may be closed to connections: ${messageOf(second)}`,
      { cause: error, hint: 'The next vya restore or backup on this server opens it again.' },
    );
  }
  throw error;
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

async function dropOld(holds: Holds, { fresh, name }: ReplaceRequest, old: string): Promise<void> {
  try {
    const { database } = await holds.of(fresh, name);
    await dropDatabase(database, old);
  } catch (cause) {
    throw new VyaError(
      'failed',
      `${name} has been restored and replaced, but what it was before could not be dropped and is still there as ${old}: ${messageOf(cause)}`,
      {
        cause,
        hint: `The next vya restore or backup on this server drops it, or by hand: DROP DATABASE ${escapeIdentifier(old)} WITH (FORCE);`,
      },
    );
  }
}

async function presentDatabase(database: Database, name: string): Promise<{ oid: number; open: boolean }> {
  const [row] = await database.query<{ oid: number; open: boolean }>(
    'SELECT oid::bigint::float8 AS oid, datallowconn AS open FROM pg_database WHERE datname = $1',
    [name],
  );
  return row ?? { oid: 0, open: true };
}

function rename(from: string, to: string): string {
  return `ALTER DATABASE ${escapeIdentifier(from)} RENAME TO ${escapeIdentifier(to)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
