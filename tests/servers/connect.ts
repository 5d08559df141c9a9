import mysql from 'mysql2/promise';
import pg from 'pg';
import type { TestServer } from './server.ts';

/** A connection of a test's own, on the driver itself and not on anything of vya's. */
export interface Connection {
  /** Runs one statement and answers with its rows, as objects; `?` (MySQL) or `$1` (PostgreSQL) take parameters. */
  query<Row = Record<string, unknown>>(sql: string, parameters?: unknown[]): Promise<Row[]>;
  /** Runs any number of statements that are divided by semicolons. Bodies of routines need no DELIMITER. */
  script(sql: string): Promise<void>;
  close(): Promise<void>;
}

export interface Login {
  user: string;
  password: string;
}

/**
 * Connects over TCP, as the admin unless `login` says otherwise. Without `database`: none (MySQL) or `postgres`.
 * Dates come as text and whole numbers beyond 2^53 as text, so that nothing is rounded in a comparison.
 */
export function connect(
  server: Pick<TestServer, 'type' | 'host' | 'port' | 'admin'>,
  database?: string,
  login: Login = server.admin,
): Promise<Connection> {
  return server.type === 'mysql'
    ? connectMysql(server, database, login)
    : connectPostgresql(server, database, login);
}

type Address = Pick<TestServer, 'host' | 'port'>;

async function connectMysql(
  server: Address,
  database: string | undefined,
  login: Login,
): Promise<Connection> {
  const connection = await mysql.createConnection({
    host: server.host,
    port: server.port,
    user: login.user,
    password: login.password,
    ...(database === undefined ? {} : { database }),
    charset: 'utf8mb4',
    multipleStatements: true,
    dateStrings: true,
    supportBigNumbers: true,
    connectTimeout: 10_000,
  });
  // A server that is stopped breaks the connections to it; the next query says so.
  connection.on('error', () => {});
  return {
    async query<Row>(sql: string, parameters: unknown[] = []) {
      const [rows] = await connection.query(sql, parameters);
      return (Array.isArray(rows) ? rows : []) as Row[];
    },
    async script(sql) {
      await connection.query(sql);
    },
    close: () => connection.end(),
  };
}

async function connectPostgresql(
  server: Address,
  database: string | undefined,
  login: Login,
): Promise<Connection> {
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    ...login,
    database: database ?? 'postgres',
    connectionTimeoutMillis: 10_000,
    types: { getTypeParser: typeParser },
  });
  client.on('error', () => {});
  await client.connect();
  return {
    async query<Row>(sql: string, parameters: unknown[] = []) {
      const result = await client.query(sql, parameters);
      return result.rows as Row[];
    },
    async script(sql) {
      await client.query(sql);
    },
    close: () => client.end(),
  };
}

const datesAndTimes = [pg.types.builtins.DATE, pg.types.builtins.TIMESTAMP, pg.types.builtins.TIMESTAMPTZ];

function typeParser(type: number, format?: 'text' | 'binary'): unknown {
  if (datesAndTimes.includes(type)) return (text: string) => text;
  return pg.types.getTypeParser(type, format);
}
