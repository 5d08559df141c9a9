import type { Knex } from 'knex';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from '../../../exec/command.ts';
import { seesPorts, sessionsOf } from '../client-sessions.ts';
import { rows } from '../query.ts';

/** Milliseconds between two looks at the server's list of sessions. */
const INTERVAL_MS = 20;

interface ListedSession {
  Id: string | number;
  User: string;
  Host: string;
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

/** Whose beginning is waited for. */
export interface AwaitedDump {
  database: string;
  /** The sessions from before it was started. */
  known: KnownSessions;
  /** What runs as the dump; empty where that is not known. */
  commands: readonly Command[];
}

/**
 * Waits until a dump is seen to read, or until the signal fires. mysqldump and mariadb-dump connect without a database, begin their
 * snapshot, and only then choose the database: whatever they ask inside of it comes after.
 *
 * Where neither the server keeps the process ids of clients nor sees the ports that they connect from (MariaDB behind a Unix socket
 * or a proxy), another dump of the same database by the same account, begun in the same moment, cannot be told apart.
 */
export async function seeDump(knex: Knex, dump: AwaitedDump, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const all = await list(knex);
    const dumping = all.filter((session) => isDumping(session, dump));
    if (dumping.length > 0 && (await isAmong(knex, dumping, all, dump.commands))) return;
    await sleep(INTERVAL_MS);
  }
}

function isDumping({ Id, User, db, Info }: ListedSession, { database, known }: AwaitedDump): boolean {
  return !known.ids.has(Number(Id)) && User === known.user && db === database && DUMPING.test(Info ?? '');
}

/** Whether one of these sessions is the commands' own, or may be where that cannot be known. */
async function isAmong(
  knex: Knex,
  dumping: readonly ListedSession[],
  all: readonly ListedSession[],
  commands: readonly Command[],
): Promise<boolean> {
  if (commands.length === 0) return true;
  const own = new Set(await sessionsOf(knex, all, commands));
  if (own.size === 0) return !(await seesPorts(all));
  return dumping.some(({ Id }) => own.has(String(Id)));
}

/** What the dumps ask inside the database: its rows, and what comes before and after each table's. */
const DUMPING =
  /^\s*(SELECT \/\*!40001 SQL_NO_CACHE|SELECT .* INFORMATION_SCHEMA\.|(ROLLBACK TO )?SAVEPOINT sp|SHOW |SET SQL_QUOTE_SHOW_CREATE|SET SESSION character_set_results)/i;

async function list(knex: Knex): Promise<ListedSession[]> {
  return await rows<ListedSession>(knex, 'SHOW FULL PROCESSLIST');
}
