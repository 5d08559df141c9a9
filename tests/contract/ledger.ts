import { connect, type Connection } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { startWriters, type Writers } from '../servers/writers.ts';

const accounts = 200;
const writers = 2;
/** What both tables hold together in every moment. */
export const total = 2 * accounts * 1000;

/** A database in which money moves between two tables, and every move is noted in a third; with rows enough that a dump takes a while. */
export async function startLedger(server: TestServer, database: string): Promise<Writers> {
  const admin = await connect(server, database);
  await admin.script(`CREATE TABLE a_income (id int PRIMARY KEY, balance int NOT NULL);
    CREATE TABLE moves (writer int NOT NULL, move int NOT NULL, amount int NOT NULL, PRIMARY KEY (writer, move));
    CREATE TABLE ballast (id int PRIMARY KEY, filler varchar(200));
    CREATE TABLE z_expenses (id int PRIMARY KEY, balance int NOT NULL)`);
  const rows = Array.from({ length: accounts }, (_, id) => `(${id}, 1000)`).join(',');
  const ballast = Array.from({ length: 20_000 }, (_, id) => `(${id}, '${'x'.repeat(150)}')`).join(',');
  await admin.script(`INSERT INTO a_income VALUES ${rows}; INSERT INTO z_expenses VALUES ${rows};
    INSERT INTO ballast VALUES ${ballast}`);
  await admin.close();
  return await startWriters(server, database, writers, move);
}

/** Each writer has accounts of its own, so that none waits for another. */
async function move(session: Connection, writer: number, turn: number): Promise<boolean> {
  const id = writer + writers * (turn % (accounts / writers));
  const amount = 1 + (turn % 7);
  await session.script('START TRANSACTION');
  await session.script(`UPDATE a_income SET balance = balance - ${amount} WHERE id = ${id}`);
  await session.script(`INSERT INTO moves VALUES (${writer}, ${turn}, ${amount})`);
  await session.script(`UPDATE z_expenses SET balance = balance + ${amount} WHERE id = ${id}`);
  await session.script('COMMIT');
  return true;
}

/** What a copy holds: both tables together, what was moved by either's account and by the notes, and rows by table. */
export async function balance(
  server: TestServer,
  database: string,
): Promise<{ total: number; moved: number; noted: number; rows: Record<string, number> }> {
  const connection = await connect(server, database);
  const number = async (sql: string): Promise<number> => {
    const [row] = await connection.query<{ n: unknown }>(`SELECT ${sql} AS n`);
    return Number(row?.n);
  };
  try {
    const [income, expenses] = [
      await number('(SELECT sum(balance) FROM a_income)'),
      await number('(SELECT sum(balance) FROM z_expenses)'),
    ];
    const rows: Record<string, number> = {};
    for (const table of ['a_income', 'ballast', 'moves', 'z_expenses'])
      rows[table] = await number(`(SELECT count(*) FROM ${table})`);
    const noted = await number('(SELECT coalesce(sum(amount), 0) FROM moves)');
    return { total: income + expenses, moved: expenses - total / 2, noted, rows };
  } finally {
    await connection.close();
  }
}
