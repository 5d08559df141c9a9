import type { Knex } from 'knex';
import type { TableEntry } from '../../../model/inventory.ts';
import type { ServerInfo } from '../../adapter.ts';
import { escapePattern } from '../dump/dump-findings.ts';
import { atLeast } from '../finding.ts';
import { readGrants } from '../grants.ts';
import { qualified, quoteName } from '../names.ts';
import { rows } from '../query.ts';

export interface HoldRequest {
  knex: Knex;
  server: ServerInfo;
  lockWaitSeconds: number;
  database: string;
  tables: readonly Pick<TableEntry, 'name'>[];
  /** How often a lock is tried for that leaves nothing behind when it is not had. */
  attempts: number;
  /** Whether another dump of vya's own reads from this server: FLUSH TABLES would wait for it, and others for FLUSH TABLES. */
  isReading: () => boolean;
}

/** One way to hold writers. */
export interface Way {
  take: readonly string[];
  release: string;
  attempts: number;
  /** Why this way is not gone now, although the account might be allowed to. */
  against?: () => Promise<Refusal | undefined>;
}

export interface Refusal {
  /** A grant would help. */
  denied: boolean;
  said: string;
  cause?: unknown;
}

/**
 * How writers can be held, the kindest way first:
 *
 * - MariaDB: `BACKUP STAGE`. They wait at their commit, long queries are in nobody's way.
 * - MySQL: `FLUSH TABLES WITH READ LOCK`, only while no query runs for long: it waits for such a query, and once it has given up, all
 *   that read the same table wait for the query as well.
 * - Both: a lock on the database's tables. A transaction that has written to one and wants the next may be rolled back as a deadlock.
 */
export function waysToHold({ knex, server, database, tables, attempts, isReading }: HoldRequest): Way[] {
  const names = tables.map(({ name }) => `${qualified(database, name)} READ`);
  const onTables: Way = {
    take: [`LOCK TABLES ${names.join(', ')}`],
    release: 'UNLOCK TABLES',
    attempts,
  };
  if (server.flavour === 'mariadb' && atLeast(server, 10, 5)) {
    const take = ['BACKUP STAGE START', 'BACKUP STAGE BLOCK_COMMIT'];
    return [{ take, release: 'BACKUP STAGE END', attempts }, onTables];
  }
  const take = ['FLUSH TABLES WITH READ LOCK'];
  return [
    { take, release: 'UNLOCK TABLES', attempts: 1, against: () => longQueries(knex, isReading()) },
    onTables,
  ];
}

/** Whether a query has been running for a second or more, or will, or the account cannot know. */
async function longQueries(knex: Knex, isReading: boolean): Promise<Refusal | undefined> {
  if (isReading) return { denied: false, said: 'another database is being dumped' };
  const grants = await readGrants(knex);
  if (!grants.globally('PROCESS')) {
    return { denied: true, said: 'without PROCESS the account cannot know whether long queries are running' };
  }
  const sessions = await rows<{ Command: string; User: string; Time: number | string }>(
    knex,
    'SHOW PROCESSLIST',
  );
  const long = sessions.some(
    ({ Command, User, Time }) =>
      (Command === 'Query' || Command === 'Execute') && User !== 'system user' && Number(Time) >= 1,
  );
  return long ? { denied: false, said: 'long queries are running' } : undefined;
}

/** The one privilege with which a way is always there: on MySQL FLUSH TABLES has to be left when long queries run, dumps among them. */
export function grantToHold(server: ServerInfo, database: string): string {
  const place =
    server.flavour === 'mariadb' ? 'RELOAD ON *.*' : `LOCK TABLES ON ${quoteName(escapePattern(database))}.*`;
  return `GRANT ${place} TO ${server.account};`;
}
