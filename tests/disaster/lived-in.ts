import { accountsState } from '../accounts/state.ts';
import { sharedGround } from '../accounts/zoo-mysql.ts';
import { settle, type Zoo, zooOf } from '../accounts/zoo.ts';
import { databasesOf, run } from '../contract/contract.ts';
import { type Fingerprint, fingerprint } from '../contract/fingerprint.ts';
import { loadSample } from '../samples/samples.ts';
import type { Login } from '../servers/connect.ts';
import { connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';

/** Everything of a server that a disaster takes, and a restore has to bring back. */
export interface ServerState {
  databases: Record<string, Fingerprint>;
  accounts: Record<string, unknown>;
}

/** An application: what it logs in with, where, and the query that it lives on. */
export const application: Login = { user: 'books_app', password: 'Bö"ks \\ 1' };

const literal = `'${application.password.replaceAll('\\', '\\\\')}'`;

const books = {
  mysql: {
    before: [
      `CREATE USER books_app@'%' IDENTIFIED BY ${literal}`,
      "CREATE USER books_owner@'%' IDENTIFIED BY 'owner' ACCOUNT LOCK",
      'CREATE DATABASE books CHARACTER SET latin1 COLLATE latin1_spanish_ci',
      "GRANT ALL PRIVILEGES ON books.* TO books_owner@'%'",
    ],
    inside: `CREATE TABLE sold (id int PRIMARY KEY AUTO_INCREMENT, title varchar(80), cost decimal(9,2));
      INSERT INTO sold (title, cost) VALUES ('Señales', 12.50), ('Años', 9.95);
      CREATE DEFINER = books_owner@'%' SQL SECURITY DEFINER VIEW titles AS SELECT id, title FROM sold;
      CREATE DEFINER = books_owner@'%' EVENT tidy ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01' DO DELETE FROM sold WHERE id < 0`,
    after: [
      "GRANT SELECT ON books.titles TO books_app@'%'",
      "GRANT INSERT (title), SELECT (id) ON books.sold TO books_app@'%'",
    ],
  },
  postgresql: {
    before: [
      `CREATE ROLE books_app LOGIN PASSWORD E${literal}`,
      'CREATE ROLE books_owner',
      `CREATE DATABASE books OWNER books_owner TEMPLATE template0 ENCODING 'UTF8' CONNECTION LIMIT 40`,
      'REVOKE ALL ON DATABASE books FROM PUBLIC',
      'GRANT CONNECT ON DATABASE books TO books_app WITH GRANT OPTION',
      `ALTER DATABASE books SET work_mem TO '11MB'`,
      `ALTER ROLE books_app IN DATABASE books SET search_path TO sales, public`,
      `COMMENT ON DATABASE books IS 'all that was sold'`,
    ],
    inside: `CREATE SCHEMA sales AUTHORIZATION books_owner; SET ROLE books_owner;
      CREATE TABLE sales.sold (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, title text, cost numeric(9,2));
      INSERT INTO sales.sold (title, cost) VALUES ('Señales', 12.50), ('Años', 9.95);
      CREATE VIEW sales.titles AS SELECT id, title FROM sales.sold;
      GRANT USAGE ON SCHEMA sales TO books_app; GRANT SELECT ON sales.titles TO books_app;
      GRANT INSERT (title), SELECT (id) ON sales.sold TO books_app;
      ALTER DEFAULT PRIVILEGES IN SCHEMA sales GRANT SELECT ON TABLES TO books_app; RESET ROLE`,
    after: [],
  },
};

/** Fills a server as years would: the sample, accounts of every kind, and an application with a database of its own. */
export async function liveIn(server: TestServer): Promise<Zoo> {
  const zoo = zooOf(server);
  const { before, inside, after } = books[server.type];
  await loadSample(server, 'deli');
  await settle(server, [...zoo.ground, ...zoo.accounts, ...before]);
  await run(server, inside, 'books');
  await settle(server, after);
  return zoo;
}

/** A new server as an installation leaves it: its administrator, and plugins that its package would load. */
export async function installed(server: TestServer): Promise<void> {
  const { ground } = zooOf(server);
  if (server.type === 'mysql') {
    await settle(
      server,
      ground.filter((statement) => !sharedGround.includes(statement)),
    );
  }
}

export async function stateOf(server: TestServer): Promise<ServerState> {
  const databases: Record<string, Fingerprint> = {};
  for (const name of await databasesOf(server)) databases[name] = await fingerprint(server, name);
  return { databases, accounts: await accountsState(server) };
}

/** What the application does all day, and what it must not. */
export async function sellBooks(server: TestServer): Promise<{ titles: unknown[]; refused: string[] }> {
  const connection = await connect(server, 'books', application);
  const refused: string[] = [];
  try {
    const titles = await connection.query('SELECT title FROM titles ORDER BY id');
    for (const forbidden of ['SELECT cost FROM sold', 'DELETE FROM sold', 'CREATE TABLE x (y int)']) {
      await connection.query(forbidden).catch(() => refused.push(forbidden));
    }
    return { titles, refused };
  } finally {
    await connection.close();
  }
}
