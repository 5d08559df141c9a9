import type { InstanceTarget } from '../../model/instance.ts';
import type { ConnectOptions, DatabaseAdapter } from '../adapter.ts';
import { type ClientContext, identityCommand } from './client.ts';
import { readDataDirectory } from './data-directory.ts';
import { createDatabase, databaseExists, listDatabases } from './databases.ts';
import { dumpPlan } from './dump.ts';
import { dumpFindings } from './dump-findings.ts';
import { hasDumpableHistory } from './history.ts';
import { createHolds } from './hold.ts';
import { readInventory } from './inventory.ts';
import { loadStep } from './load.ts';
import { readPosition } from './position.ts';
import { dropScratch, recover } from './recover.ts';
import { dropTarget, replaceDatabase } from './replace.ts';
import { replaceFindings } from './replace-findings.ts';
import { restoreFindings } from './restore-findings.ts';
import { readServer } from './server.ts';
import { openSessions, withOwnSession } from './session.ts';

/** Connects to a MySQL or MariaDB server. Throws VyaError `connection`, or `configuration` for unreadable certificates. */
export async function connectMysql(
  target: InstanceTarget,
  { signal }: ConnectOptions,
): Promise<DatabaseAdapter> {
  const { knex, encrypted } = await openSessions(target, signal);
  const holds = createHolds(target);
  try {
    const server = await readServer(knex, encrypted);
    const context: ClientContext = { target, server };
    /** What was learned with a database's inventory and shapes its dump. */
    const history = new Map<string, boolean>();
    return {
      target,
      server,
      databases: () => listDatabases(knex),
      async inventory(database) {
        history.set(database, await hasDumpableHistory(knex, server, database));
        return await readInventory(knex, server, database);
      },
      position: () => readPosition(knex, server),
      dumpFindings: (database, inventory) => dumpFindings(knex, server, database, inventory),
      dumpPlan: (request) => dumpPlan(context, request, history.get(request.database) ?? false),
      identityCommand: (programs) => identityCommand(context, programs),
      restoreFindings: (inventory, options) =>
        restoreFindings(knex, server, inventory, options.source, options.database),
      databaseExists: (name) => databaseExists(knex, name),
      async createDatabase(name, { database }) {
        await holds.of(name);
        await createDatabase(knex, name, database);
      },
      async dropDatabase(name) {
        await withOwnSession(target, (own) => dropScratch(own, name));
        await holds.release(name);
      },
      loadStep: (part, database, options) => loadStep(context, part, database, options),
      replace: (request) => replaceDatabase(context, holds, request),
      replaceFindings: (name, { inPlace }) => replaceFindings(knex, server, name, inPlace),
      dropTarget: (name) => dropTarget(target, name),
      dataDirectory: () => readDataDirectory(knex, target),
      recover: (request) => recover(context, knex, request),
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
