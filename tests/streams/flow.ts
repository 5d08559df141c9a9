import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';

/**
 * Money that flows from the low rows of a large table to its high rows and into two other tables, one commit after the other. Every
 * commit moves some, and none moves it back: what is read before one and what is read after it never add up.
 */
export interface Flow {
  commits(): number;
  /** Throws what broke a writer. */
  stop(): Promise<void>;
}

const rowsOf = { giant: 30_000, east: 300, west: 300 };
const start = 100_000;
const writers = 3;
/** What all tables hold together in every moment. */
export const everything = start * (rowsOf.giant + rowsOf.east + rowsOf.west);
/** ER_LOCK_DEADLOCK */
const DEADLOCK = 1213;

export async function startFlow(server: TestServer, database: string): Promise<Flow> {
  const admin = await connect(server, database);
  for (const [table, count] of Object.entries(rowsOf)) {
    await admin.script(
      `CREATE TABLE ${table} (id int PRIMARY KEY, balance int NOT NULL, note varchar(300) NOT NULL) ENGINE=InnoDB`,
    );
    const rows = Array.from({ length: count }, (_, id) => [id, start, 'n'.repeat(200)]);
    await admin.query(`INSERT INTO ${table} VALUES ?`, [rows]);
  }
  await admin.script('ANALYZE TABLE giant, east, west');
  await admin.close();
  const state = { stopped: false, commits: 0 };
  const sessions = await Promise.all(Array.from({ length: writers }, () => connect(server, database)));
  const working = sessions.map((session, index) => flow(session, index, state));
  // What breaks one is told by stop().
  for (const work of working) work.catch(() => {});
  return {
    commits: () => state.commits,
    async stop() {
      state.stopped = true;
      const ended = await Promise.allSettled(working);
      for (const session of sessions) await session.close();
      const failure = ended.find((end) => end.status === 'rejected');
      if (failure) throw failure.reason;
    },
  };
}

/** Each writer has rows of its own, so that none waits for another. */
async function flow(
  session: Connection,
  writer: number,
  state: { stopped: boolean; commits: number },
): Promise<void> {
  for (let turn = 0; !state.stopped; turn += 1) {
    const id = writer + writers * (turn % 100);
    try {
      await session.script(`START TRANSACTION;
        UPDATE giant SET balance = balance - 6 WHERE id = ${id};
        UPDATE giant SET balance = balance + 1 WHERE id = ${rowsOf.giant - 1 - id};
        UPDATE east SET balance = balance + 2 WHERE id = ${id};
        UPDATE west SET balance = balance + 3 WHERE id = ${id};
        COMMIT`);
    } catch (error) {
      // A lock on all tables meets a transaction that has some of them, as every application has to expect.
      if ((error as { errno?: number }).errno !== DEADLOCK) throw error;
      await session.script('ROLLBACK');
      continue;
    }
    state.commits += 1;
    await sleep(2);
  }
}

/** What the tables of a copy hold together. */
export async function sumOf(server: TestServer, database: string): Promise<number> {
  const connection = await connect(server, database);
  try {
    const sums = Object.keys(rowsOf).map((table) => `(SELECT SUM(balance) FROM ${table})`);
    const [row] = await connection.query<{ sum: string }>(`SELECT ${sums.join(' + ')} AS sum`);
    return Number(row?.sum);
  } finally {
    await connection.close();
  }
}
