import { connect, type Connection } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { postgresqlQuestions } from './postgresql-questions.ts';
import type { Fingerprint } from './fingerprint.ts';

export async function fingerprintPostgresql(server: TestServer, database: string): Promise<Fingerprint> {
  const connection = await connect(server, database);
  try {
    // The database has settings of its own, which would show in the text of dates and numbers.
    await connection.script(`SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'iso_8601'; SET lc_monetary = 'C';
      SET extra_float_digits = 3; SET bytea_output = 'hex'; SET search_path = pg_catalog; SET xmloption = 'content'; SET jit = off`);
    const print: Fingerprint = {};
    for (const question of postgresqlQuestions) {
      for (const { key, value } of await connection.query<{ key: string; value: string | null }>(question)) {
        if (key in print) throw new Error(`two answers for ${key}`);
        print[key] = String(value);
      }
    }
    await hashRows(connection, print);
    return print;
  } finally {
    await connection.close();
  }
}

/** The rows' text, ordered by its bytes, so that neither collation nor place on disk plays a part. */
async function hashRows(connection: Connection, print: Fingerprint): Promise<void> {
  const tables = await connection.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE (c.relkind = 'r' OR c.relkind = 'm' AND c.relispopulated)
       AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1`,
  );
  for (const { name } of tables) {
    const [row] = await connection.query<{ rows: string; hash: string }>(
      `SELECT count(*) AS rows, md5(coalesce(string_agg(hash, ',' ORDER BY hash COLLATE "C"), '')) AS hash
       FROM (SELECT md5(t::text) AS hash FROM ONLY ${name} t) rows`,
    );
    print[`rows of ${name}`] = `${row?.rows} rows, md5 ${row?.hash}`;
  }
}
