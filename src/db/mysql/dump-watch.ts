import type { Knex } from 'knex';
import { setTimeout as sleep } from 'node:timers/promises';
import { rows } from './query.ts';

/** Milliseconds between two looks at the server's list of sessions. */
const INTERVAL_MS = 20;

interface ListedSession {
  Id: string | number;
  User: string;
  db: string | null;
  Info: string | null;
}

/** The sessions that the account sees. */
export interface KnownSessions {
  ids: ReadonlySet<number>;
  /** Whose sessions a dump is looked for among: the account's own. */
  user: string;
}

export async function listSessions(knex: Knex): Promise<KnownSessions> {
  const [own] = await rows<{ name: string }>(knex, 'SELECT USER() AS name');
  const name = own?.name ?? '';
  const ids = new Set((await list(knex)).map(({ Id }) => Number(Id)));
  return { ids, user: name.slice(0, name.lastIndexOf('@')) };
}

/**
 * Waits until a session that is not among the known ones is seen to dump `database`, or until the signal fires. mysqldump and
 * mariadb-dump connect without a database, begin their snapshot, and only then choose the database: whatever they ask inside of
 * it comes after. Another dump of the same database by the same account, begun in the same moment, cannot be told apart.
 */
export async function seeDump(
  knex: Knex,
  { database, known, signal }: { database: string; known: KnownSessions; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    const found = (await list(knex)).some(
      ({ Id, User, db, Info }) =>
        !known.ids.has(Number(Id)) && User === known.user && db === database && DUMPING.test(Info ?? ''),
    );
    if (found) return;
    await sleep(INTERVAL_MS);
  }
}

/** What the dumps ask inside the database: its rows, and what comes before and after each table's. */
const DUMPING =
  /^\s*(SELECT \/\*!40001 SQL_NO_CACHE|SELECT .* INFORMATION_SCHEMA\.|(ROLLBACK TO )?SAVEPOINT sp|SHOW |SET SQL_QUOTE_SHOW_CREATE|SET SESSION character_set_results)/i;

async function list(knex: Knex): Promise<ListedSession[]> {
  return await rows<ListedSession>(knex, 'SHOW FULL PROCESSLIST');
}
