import type { Knex } from 'knex';
import type { TableEntry } from '../../../model/inventory.ts';
import type { ServerInfo } from '../../adapter.ts';
import type { TableMeasure } from '../../snapshot.ts';
import { hasDumpableHistory } from '../dump/history.ts';
import { measureTables } from './measure.ts';
import { rows } from '../query.ts';
import { pinSession } from '../session.ts';

/** The session that counts: first outside of any transaction, then within the snapshot that it has begun. */
export interface Counting {
  measure(tables: readonly Pick<TableEntry, 'name'>[]): Promise<TableMeasure[]>;
  /** Begins the transaction whose read view every later count has. */
  beginSnapshot(): Promise<void>;
  /**
   * Ends the transaction. MariaDB keeps every table that was counted from being altered until then, and whoever waits to alter one
   * makes the dump wait, too.
   */
  endSnapshot(): Promise<void>;
  /** Ends the transaction, and counts that are still being taken. */
  end(): Promise<void>;
}

export interface CountingRequest {
  knex: Knex;
  /** Works in a session that no signal cuts off. */
  withOwnSession(work: (own: Knex) => Promise<void>): Promise<void>;
  server: ServerInfo;
  database: string;
}

export async function openCounting(request: CountingRequest): Promise<Counting> {
  const { knex, withOwnSession, server, database } = request;
  const history = await hasDumpableHistory(knex, server, database);
  const session = await pinSession(knex);
  let inTransaction = false;
  /** Counts that were begun and have not ended well: the server may be at one still, for a session that is gone. */
  let unfinished = 0;
  return {
    async measure(tables) {
      unfinished += 1;
      const measures = await measureTables({ session, server, database, tables, history, inTransaction });
      unfinished -= 1;
      return measures;
    },
    async beginSnapshot() {
      await session.ask('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
      await session.ask('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
      inTransaction = true;
    },
    async endSnapshot() {
      await session.ask('ROLLBACK');
      inTransaction = false;
    },
    async end() {
      try {
        if (unfinished > 0) await withOwnSession(async (own) => void (await rows(own, `KILL ${session.id}`)));
        else if (inTransaction) await session.ask('ROLLBACK');
      } finally {
        await session.release();
      }
    },
  };
}

/** Measures a database as it stands. */
export async function measureDatabase(
  request: CountingRequest,
  tables: readonly Pick<TableEntry, 'name'>[],
): Promise<TableMeasure[]> {
  const counting = await openCounting(request);
  try {
    return await counting.measure(tables);
  } finally {
    await counting.end().catch(() => {});
  }
}
