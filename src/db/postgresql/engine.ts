import { randomBytes } from 'node:crypto';
import type { InstanceTarget } from '../../model/instance.ts';
import type { ConnectOptions, DatabaseAdapter, Engine } from '../adapter.ts';
import { accountFindings } from './accounts/account-findings.ts';
import { planAccounts } from './accounts/account-plan.ts';
import { readAccounts } from './accounts/accounts.ts';
import { changeAccount } from './accounts/change-account.ts';
import { clientCommand, type Reach } from './client.ts';
import { clientSessions } from './client-sessions.ts';
import { createDatabase, databaseExists, dropScratch, listDatabases } from './databases.ts';
import { readDataDirectory } from './data-directory.ts';
import { findDumpProblems } from './dump/dump-findings.ts';
import { planDump } from './dump/dump.ts';
import { createHolds } from './replace/hold.ts';
import { readInventory } from './inventory.ts';
import { reopen } from './replace/journal.ts';
import { ONE_MOMENT } from './exact/held-transaction.ts';
import { checkArchive, planLoad } from './load/load.ts';
import { findOlderServer } from './load/load-older.ts';
import { measureTables } from './exact/measure.ts';
import { readPosition } from './position.ts';
import { findPrograms } from './programs.ts';
import { recover } from './replace/recover.ts';
import { findReplaceProblems } from './replace/replace-findings.ts';
import { dropTarget, replaceDatabase } from './replace/replace.ts';
import { findRestoreProblems } from './load/restore-findings.ts';
import { IDENTITY_SQL, readServerInfo, readSessionOptions } from './server-info.ts';
import { openSnapshot } from './exact/snapshot.ts';
import { failedByLock } from './exact/snapshot-watch.ts';
import { type Database, openMaintenance, withDatabase } from './session.ts';
import { createVisits } from './visits.ts';

/** PostgreSQL 13 and newer. */
export const postgresqlEngine: Engine = {
  type: 'postgresql',
  connect,
  findPrograms,
  archiveCheck: checkArchive,
  planAccounts,
  accountsPreamble: ["SET client_encoding = 'UTF8'", 'SET standard_conforming_strings = on'],
};

async function connect(target: InstanceTarget, { signal }: ConnectOptions): Promise<DatabaseAdapter> {
  const main = await openMaintenance(target, signal);
  const asked = async () => {
    const server = await readServerInfo(main, target);
    return { server, sessionOptions: await readSessionOptions(main, server) };
  };
  const { server, sessionOptions } = await asked().catch(async (error: unknown) => {
    await main.close();
    throw error;
  });
  const holds = createHolds(target);
  const reach: Reach = {
    target,
    encrypted: main.encrypted,
    applicationName: `vya-${randomBytes(4).toString('hex')}`,
    sessionOptions,
  };
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
  const visits = createVisits(target, signal);
  return {
    target,
    server,
    databases: () => listDatabases(main),
    visit: (name) => visits.begin(name),
    inventory: (name) => visits.within(name, readInventory),
    position: () => readPosition(main),
    // pg_dump has jobs of its own.
    planStreams: async () => undefined,
    openSnapshot: (name) => openSnapshot({ target, server, signal, ask: main.query }, name),
    measure: (name) =>
      withDatabase(target, name, signal, (database) =>
        database.transaction((query) => measureTables(query, server), ONE_MOMENT),
      ),
    mayRetry: failedByLock,
    dumpFindings: (name) => visits.within(name, (database) => findDumpProblems(database, server)),
    dumpPlan: (request) => planDump(reach, request),
    clientSessions: (name, commands) => clientSessions(main, withUsable, name, commands),
    identityCommand: ({ query }) =>
      clientCommand(
        reach,
        query,
        ['--no-psqlrc', '--no-align', '--tuples-only', '--quiet', `--command=${IDENTITY_SQL}`],
        {
          database: main.name,
        },
      ),
    restoreFindings: async (inventory, options) => [
      ...(await findRestoreProblems(main, server, inventory, options)),
      ...findOlderServer(server, options.programs),
    ],
    databaseExists: (name) => databaseExists(main, name),
    async createDatabase(name, { database }) {
      // In a session that no signal cuts off: what a signal left half-made would never be dropped.
      const hold = await holds.of(name);
      await createDatabase(hold.database, server, name, database);
    },
    async dropDatabase(name) {
      await withUsable(async (database) => {
        await reopen(database, name);
        await dropScratch(database, target, name);
      });
      await holds.release(name);
    },
    loadStep: (part, database, options) => planLoad(reach, server, part, database, options),
    // pg_restore makes the keys after the rows by itself.
    deferKeys: () => Promise.resolve(undefined),
    replace: (request) => replaceDatabase(holds, request),
    replaceFindings: (name) => findReplaceProblems(main, name),
    dropTarget: (name) => dropTarget(target, name),
    dataDirectory: ({ database }) => readDataDirectory(main, target, database),
    recover: (request) => recover(main, target, server, request),
    accounts: () => readAccounts(main, server),
    accountFindings: (changes, present) => accountFindings(main, server, changes, present),
    accountObjectExists: ({ database }) => databaseExists(main, database),
    changeAccount: (change) => changeAccount(main, change),
    async close() {
      await holds.releaseAll();
      await main.close();
    },
  };
}
