import { connect, type Connection } from '../../servers/connect.ts';
import type { TestServer } from '../../servers/server.ts';

/** Several sessions that move money between accounts in different tables, one transaction after the other. */
export interface Transfers {
  /** What all accounts hold together, in any moment. */
  expected: number;
  /** What they hold together in a database. */
  total(database: string): Promise<number>;
  commits(): number;
  /** Throws what broke a session. */
  stop(): Promise<void>;
}

const tables = ['a_first', 'm_middle', 'z_last'];
const accounts = 300;
const writers = 4;
/** ER_LOCK_DEADLOCK */
const DEADLOCK = 1213;

/** Makes the accounts' tables in an empty database, and begins. */
export async function startTransfers(server: TestServer, database: string): Promise<Transfers> {
  const admin = await connect(server, database);
  for (const table of tables) {
    await admin.script(
      `CREATE TABLE ${table} (id int PRIMARY KEY, balance int NOT NULL, note varchar(200) NOT NULL) ENGINE=InnoDB`,
    );
    const rows = Array.from({ length: accounts }, (_, id) => [id, 1000, 'n'.repeat(150)]);
    await admin.query(`INSERT INTO ${table} VALUES ?`, [rows]);
  }
  const state = { stopped: false, commits: 0 };
  const sessions = await Promise.all(Array.from({ length: writers }, () => connect(server, database)));
  const working = sessions.map((session, index) => transfer(session, index, state));
  // What breaks one is told by stop().
  for (const work of working) work.catch(() => {});
  return {
    expected: tables.length * accounts * 1000,
    commits: () => state.commits,
    async total(from) {
      let sum = 0;
      for (const table of tables) {
        const [row] = await admin.query<{ sum: string }>(
          `SELECT SUM(balance) AS sum FROM \`${from}\`.${table}`,
        );
        sum += Number(row?.sum);
      }
      return sum;
    },
    async stop() {
      state.stopped = true;
      const ended = await Promise.allSettled(working);
      for (const session of [...sessions, admin]) await session.close();
      const failure = ended.find((end) => end.status === 'rejected');
      if (failure) throw failure.reason;
    },
  };
}

async function transfer(
  session: Connection,
  writer: number,
  state: { stopped: boolean; commits: number },
): Promise<void> {
  for (let turn = 0; !state.stopped; turn += 1) {
    const [from, to] = [tables[turn % tables.length], tables[(turn + 1) % tables.length]];
    // Each session has accounts of its own, so that none waits for another.
    const id = writer + writers * (turn % (accounts / writers));
    const work = `START TRANSACTION; UPDATE ${from} SET balance = balance - 1 WHERE id = ${id};
      UPDATE ${to} SET balance = balance + 1, note = 'turn ${turn}' WHERE id = ${id}; COMMIT`;
    try {
      await session.script(work);
    } catch (error) {
      // A lock on all tables meets a transaction that has some of them: it is rolled back, as every application has to expect.
      if ((error as { errno?: number }).errno !== DEADLOCK) throw error;
      await session.script('ROLLBACK');
      continue;
    }
    state.commits += 1;
  }
}
