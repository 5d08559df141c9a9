import type { Knex } from 'knex';
import { setTimeout as sleep } from 'node:timers/promises';
import { haveSucceeded } from '../../../exec/process-ids.ts';
import type { JoiningDump } from '../../snapshot.ts';
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

/** Whose beginnings are waited for. */
export interface AwaitedDumps {
  database: string;
  /** The sessions from before any was started. */
  known: KnownSessions;
  dumps: readonly JoiningDump[];
}

/**
 * Waits until every dump is seen to read or its program has ended with success, or until the signal fires. Not until what it wrote is
 * compressed and synced: that may take longer than writers can be held. mysqldump and mariadb-dump connect
 * without a database, begin their snapshot, and only then choose the database: whatever they ask inside of it comes after.
 *
 * Where neither the server keeps the process ids of clients nor sees the ports that they connect from (MariaDB behind a Unix socket
 * or a proxy), one is known by what it alone asks for; another dump of the same tables by the same account, begun in the same moment,
 * cannot be told apart.
 *
 * @throws what one of them failed with
 */
export async function seeDumps(knex: Knex, awaited: AwaitedDumps, signal: AbortSignal): Promise<void> {
  const unseen = new Set(awaited.dumps);
  const endings = awaited.dumps.map((dump) => dump.ended.then(() => void unseen.delete(dump)));
  const over = new AbortController();
  const watching = watch(knex, awaited, unseen, AbortSignal.any([signal, over.signal]));
  try {
    // Of the endings, the first failure is heard.
    await Promise.race([watching, Promise.all(endings)]);
  } finally {
    over.abort();
    await watching.catch(() => {});
  }
}

async function watch(
  knex: Knex,
  awaited: AwaitedDumps,
  unseen: Set<JoiningDump>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted && unseen.size > 0) {
    const all = await list(knex);
    const inside = all.filter((session) => isInside(session, awaited));
    for (const dump of unseen) {
      if (haveSucceeded(dump.commands) || (await isAmong(knex, inside, all, dump))) unseen.delete(dump);
    }
    if (unseen.size > 0) await sleep(INTERVAL_MS);
  }
}

function isInside({ Id, User, db }: ListedSession, { database, known }: AwaitedDumps): boolean {
  return !known.ids.has(Number(Id)) && User === known.user && db === database;
}

/** Whether one of these sessions is the dump's own, or may be where that cannot be known. */
async function isAmong(
  knex: Knex,
  inside: readonly ListedSession[],
  all: readonly ListedSession[],
  { commands, marks }: JoiningDump,
): Promise<boolean> {
  if (inside.length === 0) return false;
  const dumping = inside.filter(({ Info }) => DUMPING.test(Info ?? ''));
  if (commands.length === 0) return dumping.length > 0;
  const own = new Set(await sessionsOf(knex, all, commands));
  // A session that is certainly the dump's may have been sent all its rows already.
  if (own.size > 0) return inside.some(({ Id }) => own.has(String(Id)));
  if (dumping.length === 0 || (await seesPorts(all))) return false;
  return marks === undefined || dumping.some(({ Info }) => marks.some((mark) => Info?.includes(mark)));
}

/** What the dumps ask inside the database: its rows, and what comes before and after each table's. */
const DUMPING =
  /^\s*(SELECT \/\*!40001 SQL_NO_CACHE|SELECT .* INFORMATION_SCHEMA\.|(ROLLBACK TO )?SAVEPOINT sp|SHOW |SET SQL_QUOTE_SHOW_CREATE|SET SESSION character_set_results)/i;

async function list(knex: Knex): Promise<ListedSession[]> {
  return await rows<ListedSession>(knex, 'SHOW FULL PROCESSLIST');
}
