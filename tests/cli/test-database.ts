import { connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';

/** A small database of a test, on a server that other tests use, too. */
export interface TestDatabase {
  script(sql: string): Promise<void>;
  query<Row = Record<string, unknown>>(sql: string): Promise<Row[]>;
  drop(): Promise<void>;
}

/** Makes the database anew, with what `sql` puts into it. */
export async function createTestDatabase(
  server: TestServer,
  name: string,
  sql: string,
): Promise<TestDatabase> {
  const drop = (): Promise<void> =>
    once(server, undefined, (connection) =>
      connection.script(
        `DROP DATABASE IF EXISTS ${name}${server.type === 'postgresql' ? ' WITH (FORCE)' : ''}`,
      ),
    );
  await drop();
  await once(server, undefined, (connection) => connection.script(`CREATE DATABASE ${name}`));
  await once(server, name, (connection) => connection.script(sql));
  return {
    script: (more) => once(server, name, (connection) => connection.script(more)),
    query: <Row>(question: string) =>
      once(server, name, (connection) => connection.query<Row & object>(question)),
    drop,
  };
}

/** What vya made for a while and should have dropped: databases whose names begin so. */
export async function scratchDatabases(server: TestServer, prefix = 'vya_tmp_'): Promise<string[]> {
  const sql =
    server.type === 'mysql'
      ? 'SELECT schema_name AS name FROM information_schema.schemata'
      : 'SELECT datname AS name FROM pg_database';
  const rows = await once(server, undefined, (connection) => connection.query<{ name: string }>(sql));
  return rows.map(({ name }) => name).filter((name) => name.startsWith(prefix));
}

async function once<T>(
  server: TestServer,
  database: string | undefined,
  work: (connection: Awaited<ReturnType<typeof connect>>) => Promise<T>,
): Promise<T> {
  const connection = await connect(server, database);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
