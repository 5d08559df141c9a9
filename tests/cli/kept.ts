import { expect } from 'vitest';
import { connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';

/** A table that is enough to see whether a backup came back. */
export const keptTable = `CREATE TABLE kept (id int PRIMARY KEY, word varchar(20)); INSERT INTO kept VALUES (1, 'one'), (2, 'zwölf')`;

/** Fails unless a database holds that table and its rows. */
export async function expectKept(server: TestServer, database: string): Promise<void> {
  const connection = await connect(server, database);
  const rows = await connection.query('SELECT id, word FROM kept ORDER BY id');
  await connection.close();
  expect(rows).toEqual([
    { id: 1, word: 'one' },
    { id: 2, word: 'zwölf' },
  ]);
}
