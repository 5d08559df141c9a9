import type { InstanceTarget } from '../../model/instance.ts';
import type { ConnectOptions, DatabaseAdapter, Engine } from '../adapter.ts';
import { clientCommand, type Reach } from './client.ts';
import { createDatabase, databaseExists, dropScratch, listDatabases } from './databases.ts';
import { readDataDirectory } from './data-directory.ts';
import { findDumpProblems } from './dump-findings.ts';
import { planDump } from './dump.ts';
import { createHolds } from './hold.ts';
import { readInventory } from './inventory.ts';
import { reopen } from './journal.ts';
import { checkArchive, planLoad } from './load.ts';
import { readPosition } from './position.ts';
import { findPrograms } from './programs.ts';
import { recover } from './recover.ts';
import { findReplaceProblems } from './replace-findings.ts';
import { dropTarget, replaceDatabase } from './replace.ts';
import { findRestoreProblems } from './restore-findings.ts';
import { IDENTITY_SQL, readServerInfo } from './server-info.ts';
import { type Database, openMaintenance, withDatabase } from './session.ts';

/** PostgreSQL 13 and newer. */
export const postgresqlEngine: Engine = {
  type: 'postgresql',
  connect,
  findPrograms,
  archiveCheck: checkArchive,
};

async function connect(target: InstanceTarget, { signal }: ConnectOptions): Promise<DatabaseAdapter> {
  const main = await openMaintenance(target, signal);
  const server = await readServerInfo(main, target).catch(async (error: unknown) => {
    await main.close();
    throw error;
  });
  const holds = createHolds(target);
  const reach: Reach = { target, encrypted: main.encrypted };
  /** Cleaning up has to work after an abort too, and an abort ends the main session. */
  const withUsable = async (work: (database: Database) => Promise<void>) => {
    if (!signal.aborted) return await work(main);
    const database = await openMaintenance(target, new AbortController().signal);
    try {
      await work(database);
    } finally {
      await database.close();
    }
  };
  return {
    target,
    server,
    databases: () => listDatabases(main),
    inventory: (name) => withDatabase(target, name, signal, readInventory),
    position: () => readPosition(main),
    dumpFindings: (name) =>
      withDatabase(target, name, signal, (database) => findDumpProblems(database, server)),
    dumpPlan: (request) => planDump(reach, request),
    identityCommand: ({ query }) =>
      clientCommand(
        reach,
        query,
        ['--no-psqlrc', '--no-align', '--tuples-only', '--quiet', `--command=${IDENTITY_SQL}`],
        {
          database: main.name,
        },
      ),
    restoreFindings: (inventory, options) => findRestoreProblems(main, server, inventory, options),
    databaseExists: (name) => databaseExists(main, name),
    async createDatabase(name, { database }) {
      await holds.of(name);
      await createDatabase(main, server, name, database);
    },
    async dropDatabase(name) {
      await withUsable(async (database) => {
        await reopen(database, name);
        await dropScratch(database, target, name);
      });
      await holds.release(name);
    },
    loadStep: (part, database, options) => planLoad(reach, server, part, database, options),
    replace: (request) => replaceDatabase(holds, request),
    replaceFindings: (name) => findReplaceProblems(main, name),
    dropTarget: (name) => dropTarget(target, name),
    dataDirectory: ({ database }) => readDataDirectory(main, target, database),
    recover: (request) => recover(main, target, server, request),
    async close() {
      await holds.releaseAll();
      await main.close();
    },
  };
}
