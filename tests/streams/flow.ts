import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { startWriters, type Writers } from '../servers/writers.ts';

const rowsOf = { giant: 30_000, east: 300, west: 300 };
const start = 100_000;
const writers = 3;
/** What all tables hold together in every moment. */
export const everything = start * (rowsOf.giant + rowsOf.east + rowsOf.west);
/** ER_LOCK_DEADLOCK */
const DEADLOCK = 1213;

/**
 * Money that flows from the low rows of a large table to its high rows and into two other tables. Every commit moves some, and none
 * moves it back: what is read before one and what is read after it never add up.
 */
export async function startFlow(server: TestServer, database: string): Promise<Writers> {
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
  return await startWriters(server, database, writers, flow);
}

/** Each writer has rows of its own, so that none waits for another. */
async function flow(session: Connection, writer: number, turn: number): Promise<boolean> {
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
    return false;
  }
  await sleep(2);
  return true;
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
