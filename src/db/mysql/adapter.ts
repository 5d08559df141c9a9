import type { Knex } from 'knex';
import { openKnex } from '../engine.ts';
import type { InstanceTarget } from '../../model/instance.ts';
import type { Command } from '../../exec/command.ts';
import type { ConnectOptions, DatabaseAdapter } from '../adapter.ts';
import type { Snapshot } from '../snapshot.ts';
import { accountFindings, objectExists } from './account-findings.ts';
import { readAccounts } from './accounts.ts';
import { changeAccount } from './change-account.ts';
import { type ClientContext, identityCommand } from './client.ts';
import { clientSessions } from './client-sessions.ts';
import { measureDatabase } from './counting.ts';
import { createDatabase, databaseExists, dropDatabase, listDatabases } from './databases.ts';
import { dumpPlan } from './dump.ts';
import { dumpFindings } from './dump-findings.ts';
import { hasDumpableHistory } from './history.ts';
import { readInventory } from './inventory.ts';
import { loadStep } from './load.ts';
import { readPosition } from './position.ts';
import { replaceDatabase } from './replace.ts';
import { replaceFindings } from './replace-findings.ts';
import { restoreFindings } from './restore-findings.ts';
import { readServer } from './server.ts';
import { openSnapshot } from './snapshot.ts';

/**
 * Times as the dumps have them; sizes that are not a day old, as MySQL's may be otherwise; a moved table's default may change
 * although MariaDB keeps its history.
 */
const SESSION = [
  `SET SESSION time_zone = '+00:00' /*!80000 , information_schema_stats_expiry = 0 */
    /*M!100304 , system_versioning_alter_history = KEEP */`,
];

/** Connects to a MySQL or MariaDB server. Throws VyaError `connection`, or `configuration` for unreadable certificates. */
export async function connectMysql(
  target: InstanceTarget,
  { signal }: ConnectOptions,
): Promise<DatabaseAdapter> {
  const open = (until: AbortSignal) => openKnex(target, { signal: until, sessionStatements: SESSION });
  /** A session that no signal cuts off: what cleans up or takes steps back has to work after one, too. */
  const withOwnSession = async (work: (own: Knex) => Promise<void>): Promise<void> => {
    const own = await open(new AbortController().signal);
    try {
      await work(own.knex);
    } finally {
      await own.knex.destroy();
    }
  };
  const { knex, encrypted } = await open(signal);
  try {
    const server = await readServer(knex, encrypted);
    const context: ClientContext = { target, server };
    /** What was learned with a database's inventory and shapes its dump. */
    const history = new Map<string, boolean>();
    /** The commands of the dumps that read from a snapshot. */
    const joining = new WeakMap<Snapshot, readonly Command[]>();
    return {
      target,
      server,
      databases: () => listDatabases(knex),
      async inventory(database) {
        history.set(database, await hasDumpableHistory(knex, server, database));
        return await readInventory(knex, server, database);
      },
      position: () => readPosition(knex, server),
      // A table that was changed needs a new inventory, too.
      mayRetry: () => false,
      dumpFindings: (database, inventory) => dumpFindings(knex, server, database, inventory),
      dumpPlan(request) {
        const plan = dumpPlan(context, request, history.get(request.database) ?? false);
        if (request.snapshot) joining.set(request.snapshot, plan.parts[0]?.commands ?? []);
        return plan;
      },
      clientSessions: (database, commands) => clientSessions(knex, withOwnSession, database, commands),
      identityCommand: (programs) => identityCommand(context, programs),
      restoreFindings: (inventory, options) =>
        restoreFindings(knex, server, inventory, options.source, options.database),
      databaseExists: (name) => databaseExists(knex, name),
      createDatabase: (name, inventory) => createDatabase(knex, name, inventory),
      dropDatabase: (name) => withOwnSession((own) => dropDatabase(own, name)),
      loadStep: (part, database, options) => loadStep(context, part, database, options),
      replace: (request) => withOwnSession((own) => replaceDatabase(context, own, request)),
      replaceFindings: (name) => replaceFindings(knex, server, name),
      async openSnapshot(database, inventory) {
        const snapshot: Snapshot = await openSnapshot({
          knex: (await open(signal)).knex,
          withOwnSession,
          server,
          lockWaitSeconds: target.lockWaitSeconds,
          database,
          inventory,
          commands: () => joining.get(snapshot) ?? [],
        });
        return snapshot;
      },
      measure: (database, { tables }) => measureDatabase({ knex, withOwnSession, server, database }, tables),
      accounts: () => readAccounts(knex, server),
      accountFindings: (changes, present) => accountFindings(knex, server, changes, present),
      accountObjectExists: (object) => objectExists(knex, object),
      changeAccount: (change) => changeAccount(knex, change),
      close: () => knex.destroy(),
    };
  } catch (error) {
    await knex.destroy();
    throw error;
  }
}
