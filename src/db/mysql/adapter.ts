import type { Knex } from 'knex';
import type { InstanceTarget } from '../../model/instance.ts';
import type { ConnectOptions, DatabaseAdapter } from '../adapter.ts';
import { accountFindings, objectExists } from './accounts/account-findings.ts';
import { readAccounts } from './accounts/accounts.ts';
import { changeAccount } from './accounts/change-account.ts';
import { type ClientContext, identityCommand } from './client.ts';
import { clientSessions } from './client-sessions.ts';
import { measureDatabase } from './exact/counting.ts';
import { readDataDirectory } from './data-directory.ts';
import { createDatabase, databaseExists, listDatabases } from './databases.ts';
import { dumpPlan } from './dump/dump.ts';
import { dumpFindings } from './dump/dump-findings.ts';
import { hasDumpableHistory } from './dump/history.ts';
import { createHolds } from './replace/hold.ts';
import { readInventory } from './inventory.ts';
import { deferKeys } from './load/defer-keys.ts';
import { loadStep } from './load/load.ts';
import { pluginFindings } from './plugin-findings.ts';
import { readPosition } from './position.ts';
import { dropScratch, recover } from './replace/recover.ts';
import { dropTarget, replaceDatabase } from './replace/replace.ts';
import { replaceFindings } from './replace/replace-findings.ts';
import { restoreFindings } from './load/restore-findings.ts';
import { readServer } from './server.ts';
import { openSessions, withOwnSession } from './open-session.ts';
import { openSnapshot } from './exact/snapshot.ts';
import { planStreams } from './dump/streams.ts';

/** Connects to a MySQL or MariaDB server. Throws VyaError `connection`, or `configuration` for unreadable certificates. */
export async function connectMysql(
  target: InstanceTarget,
  { signal }: ConnectOptions,
): Promise<DatabaseAdapter> {
  const { knex, encrypted } = await openSessions(target, signal);
  const holds = createHolds(target);
  const own = <T>(work: (session: Knex) => Promise<T>) => withOwnSession(target, work);
  try {
    const server = await readServer(knex, encrypted);
    const context: ClientContext = { target, server };
    /** What was learned with a database's inventory and shapes its dump. */
    const history = new Map<string, boolean>();
    /** Databases whose dumps have a snapshot, or are about to. */
    const reading: string[] = [];
    return {
      target,
      server,
      databases: () => listDatabases(knex),
      // Its sessions are in no database.
      visit: () => ({ end: async () => {} }),
      async inventory(database) {
        history.set(database, await hasDumpableHistory(knex, server, database));
        return await readInventory(knex, server, database);
      },
      position: () => readPosition(knex, server),
      // A table that was changed needs a new inventory, too.
      mayRetry: () => false,
      dumpFindings: (database, inventory) => dumpFindings(knex, server, database, inventory),
      planStreams: (database, inventory, jobs) => planStreams(knex, server, database, inventory, jobs),
      dumpPlan: (request) => dumpPlan(context, request, history.get(request.database) ?? false),
      clientSessions: (database, commands) => clientSessions(knex, own, database, commands),
      identityCommand: (programs) => identityCommand(context, programs),
      restoreFindings: (inventory, options) =>
        restoreFindings(knex, server, inventory, options.source, options.database),
      databaseExists: (name) => databaseExists(knex, name),
      async createDatabase(name, { database }) {
        // In a session that no signal cuts off: what a signal left half-made would never be dropped.
        const hold = await holds.of(name);
        await createDatabase(hold.knex, name, database);
      },
      async dropDatabase(name) {
        await own((session) => dropScratch(session, name));
        await holds.release(name);
      },
      loadStep: (part, database, options) => loadStep(context, part, database, options),
      deferKeys: (database, inventory, programs) =>
        deferKeys({ context, knex }, database, inventory, programs),
      replace: (request) => replaceDatabase(context, holds, request),
      replaceFindings: (name, { inPlace }) => replaceFindings(knex, server, name, inPlace),
      dropTarget: (name) => dropTarget(target, name),
      dataDirectory: () => readDataDirectory(knex, target),
      recover: (request) => recover(context, knex, request),
      async openSnapshot(database, inventory, { measured, mayLockTables = measured }) {
        const done = () => void reading.splice(reading.indexOf(database), 1);
        const { knex: sessions } = await openSessions(target, signal);
        reading.push(database);
        return await openSnapshot({
          knex: sessions,
          withOwnSession: own,
          server,
          lockWaitSeconds: target.lockWaitSeconds,
          database,
          inventory,
          measured,
          mayLockTables,
          isReading: () => reading.length > 1,
          closed: done,
        });
      },
      measure: (database, { tables }) =>
        measureDatabase({ knex, withOwnSession: own, server, database }, tables),
      accounts: () => readAccounts(knex, server),
      accountFindings: async (changes, present) => [
        ...(await accountFindings(knex, server, changes, present)),
        ...(await pluginFindings(knex, changes)),
      ],
      accountObjectExists: (object) => objectExists(knex, object),
      changeAccount: (change) => changeAccount(knex, change),
      async close() {
        await holds.releaseAll();
        await knex.destroy();
      },
    };
  } catch (error) {
    await knex.destroy();
    throw error;
  }
}
