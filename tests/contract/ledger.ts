import { connect, type Connection } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';

/** A database in which money moves between two tables, and every move is noted in a third. */
export interface Ledger {
  /** Moves that were committed so far. */
  moves(): number;
  /** Throws what broke a writer. */
  stop(): Promise<void>;
}

const accounts = 200;
const writers = 2;
/** What both tables hold together in every moment. */
export const total = 2 * accounts * 1000;

/** Makes the tables, with rows enough that a dump takes a while, and begins to write. */
export async function startLedger(server: TestServer, database: string): Promise<Ledger> {
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
  const state = { stopped: false, moves: 0 };
  const sessions = await Promise.all(Array.from({ length: writers }, () => connect(server, database)));
  const working = sessions.map((session, writer) => move(session, writer, state));
  for (const work of working) work.catch(() => {});
  return {
    moves: () => state.moves,
    async stop() {
      state.stopped = true;
      const ended = await Promise.allSettled(working);
      for (const session of sessions) await session.close();
      const failure = ended.find((end) => end.status === 'rejected');
      if (failure) throw failure.reason;
    },
  };
}

/** Each writer has accounts of its own, so that none waits for another. */
async function move(
  session: Connection,
  writer: number,
  state: { stopped: boolean; moves: number },
): Promise<void> {
  for (let count = 0; !state.stopped; count += 1) {
    const id = writer + writers * (count % (accounts / writers));
    const amount = 1 + (count % 7);
    await session.script('START TRANSACTION');
    await session.script(`UPDATE a_income SET balance = balance - ${amount} WHERE id = ${id}`);
    await session.script(`INSERT INTO moves VALUES (${writer}, ${count}, ${amount})`);
    await session.script(`UPDATE z_expenses SET balance = balance + ${amount} WHERE id = ${id}`);
    await session.script('COMMIT');
    state.moves += 1;
  }
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
