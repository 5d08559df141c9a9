import type { Knex } from 'knex';
import type { Command } from '../../exec/command.ts';
import { localPorts } from '../../exec/local-ports.ts';
import { processIdsOf } from '../../exec/process-ids.ts';
import type { ClientSessions, LockWait } from '../client-sessions.ts';
import { attempt, rows } from './query.ts';

/** A line of `SHOW FULL PROCESSLIST`. An account without PROCESS sees its own sessions alone. */
interface Session {
  Id: number | string;
  User: string;
  Host: string;
  db: string | null;
  Command: string;
  Time: number | string | null;
  State: string | null;
  Info: string | null;
}

/** MySQL and MariaDB have other words for the same: `Waiting for table metadata lock`, `Waiting for table flush`, … */
const WAITING = /^Waiting for .*(lock|flush|commit)/i;

/**
 * The client programs' sessions, found by their process ids where the server keeps what clients say of themselves (Performance
 * Schema), otherwise by the ports that the processes connect from. Over MariaDB's Unix socket neither is there: then the one
 * session of the account that reads this database as a dump does, if it is the only one.
 */
export function clientSessions(
  knex: Knex,
  withOwnSession: (work: (own: Knex) => Promise<void>) => Promise<void>,
  database: string,
  commands: readonly Command[],
): ClientSessions {
  const seen = new Set<string>();
  const find = async (on: Knex): Promise<{ own: Session[]; others: Session[] }> => {
    const all = await rows<Session>(on, 'SHOW FULL PROCESSLIST');
    const ids = new Set([...(await sessionsOf(on, all, commands)), ...seen]);
    if (ids.size === 0) byStatement(all, database).forEach((id) => ids.add(id));
    const isOwn = ({ Id, db }: Session) => ids.has(String(Id)) && (db === null || db === database);
    return { own: all.filter(isOwn), others: all.filter((session) => !isOwn(session)) };
  };
  return {
    async waits() {
      const { own, others } = await find(knex);
      own.forEach(({ Id }) => seen.add(String(Id)));
      const waiting = own.filter(({ Command: at, State }) => at === 'Query' && WAITING.test(State ?? ''));
      return await Promise.all(waiting.map((session) => describeWait(knex, session, others, database)));
    },
    end: () =>
      withOwnSession(async (own) => {
        for (const { Id } of (await find(own)).own) await attempt(() => rows(own, `KILL ${Number(Id)}`));
      }),
  };
}

/** The numbers of those sessions that these programs have certainly opened. */
export async function sessionsOf(
  knex: Knex,
  all: readonly Pick<Session, 'Id' | 'Host'>[],
  commands: readonly Command[],
): Promise<string[]> {
  return [...(await idsByProcess(knex, commands)), ...(await idsByPort(all, commands))];
}

/** Whether the server sees the ports that processes here connect from: nothing that hides them stands between. */
export async function seesPorts(all: readonly Pick<Session, 'Host'>[]): Promise<boolean> {
  const own = new Set(await localPorts(process.pid));
  return all.some((session) => own.has(portOf(session)));
}

/** What clients say of themselves is open to the account's own sessions. MariaDB has the table, and nothing in it by default. */
async function idsByProcess(knex: Knex, commands: readonly Command[]): Promise<string[]> {
  const pids = processIdsOf(commands);
  if (pids.length === 0) return [];
  const found = await attempt(() =>
    rows<{ id: number | string }>(
      knex,
      `SELECT PROCESSLIST_ID AS id FROM performance_schema.session_account_connect_attrs
        WHERE ATTR_NAME = '_pid' AND ATTR_VALUE IN (${pids.map(() => '?').join(', ')})`,
      pids.map(String),
    ),
  );
  return (found ?? []).map(({ id }) => String(id));
}

async function idsByPort(
  all: readonly Pick<Session, 'Id' | 'Host'>[],
  commands: readonly Command[],
): Promise<string[]> {
  const ports = new Set((await Promise.all(processIdsOf(commands).map(localPorts))).flat());
  return all.filter((session) => ports.has(portOf(session))).map(({ Id }) => String(Id));
}

function portOf({ Host }: Pick<Session, 'Host'>): number {
  return Number(/:(\d+)$/.exec(Host)?.[1]);
}

function byStatement(all: readonly Session[], database: string): string[] {
  const reads = /^(SELECT \/\*!40001 SQL_NO_CACHE \*\/|show create table |SHOW TABLE STATUS LIKE )/i;
  const found = all.filter(
    ({ Host, db, Info }) => Host === 'localhost' && db === database && reads.test(Info ?? ''),
  );
  return found.length === 1 ? found.map(({ Id }) => String(Id)) : [];
}

async function describeWait(
  knex: Knex,
  { State, Time }: Session,
  others: readonly Session[],
  database: string,
): Promise<LockWait> {
  const seconds = Number(Time ?? 0);
  const holders = await holdersByLock(knex, database);
  const known = others.filter(({ Id }) => holders.includes(String(Id)));
  // Without a table of locks: whoever works there, and is not waiting itself.
  const likely = others.filter(({ db, State: at }) => db === database && !WAITING.test(at ?? ''));
  const [certain, named] = known.length > 0 ? ['', known] : ['perhaps ', likely];
  return {
    seconds,
    reason: State ?? '',
    holder: named.length > 0 ? certain + named.slice(0, 3).map(describeSession).join(', ') : undefined,
  };
}

/** Performance Schema's table of locks, or MariaDB's plugin metadata_lock_info: neither need be there. */
async function holdersByLock(knex: Knex, database: string): Promise<string[]> {
  const queries = [
    `SELECT DISTINCT t.PROCESSLIST_ID AS id FROM performance_schema.metadata_locks l JOIN performance_schema.threads t
        ON t.THREAD_ID = l.OWNER_THREAD_ID WHERE l.OBJECT_SCHEMA = ? AND l.OBJECT_TYPE = 'TABLE' AND l.LOCK_STATUS = 'GRANTED'
        AND l.LOCK_TYPE NOT IN ('SHARED_READ', 'SHARED_HIGH_PRIO', 'SHARED')`,
    `SELECT DISTINCT THREAD_ID AS id FROM information_schema.METADATA_LOCK_INFO WHERE TABLE_SCHEMA = ?
        AND LOCK_MODE NOT IN ('MDL_SHARED_READ', 'MDL_SHARED_HIGH_PRIO', 'MDL_SHARED')`,
  ];
  for (const query of queries) {
    const found = await attempt(() => rows<{ id: number | string | null }>(knex, query, [database]));
    if (found && found.length > 0) return found.map(({ id }) => String(id));
  }
  return [];
}

/** Not its statement: that can hold rows. */
function describeSession({ Id, User, Host, Command: at, Time }: Session): string {
  const doing = at === 'Sleep' ? 'idle' : at.toLowerCase();
  return `session ${Id} (${User} from ${Host}, ${doing} for ${Number(Time ?? 0)} s)`;
}
