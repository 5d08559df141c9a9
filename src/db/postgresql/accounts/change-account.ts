import type { AccountChange } from '../../accounts.ts';
import type { Database } from '../session.ts';

/** Runs one statement of an accounts restore; PostgreSQL's messages do not repeat it. Throws VyaError `privileges` or `failed`. */
export async function changeAccount(database: Database, { sql }: AccountChange): Promise<void> {
  await database.query(sql);
}
