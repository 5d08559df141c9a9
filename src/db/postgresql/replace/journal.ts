import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Database, Query } from '../session.ts';

/**
 * The journal of a replacement on PostgreSQL: the comment on a database of vya's own, written in the transaction that makes it true,
 * so that it is never before or behind. Whoever comes next, on whatever machine, finds it there.
 *
 * `closed`, on the scratch database that was restored into: the present database (its oid) has been closed to connections. As
 * long as the scratch database exists, nothing has been renamed: the present one is opened again, and the scratch one dropped.
 * `replaced`, on a database `vya_tmp_old_…`: it is the former one, and the new one has its name since the same transaction. It is
 * dropped. A database of such a name without this comment is never touched.
 */
export type Journal = { closed: number } | { replaced: string };

const MARK = 'vya: ';

/** The statement that notes a journal. */
export function noteStatement(name: string, journal: Journal): string {
  const text = MARK + JSON.stringify(journal);
  return `COMMENT ON DATABASE ${escapeIdentifier(name)} IS ${escapeLiteral(text)}`;
}

/** What a database's comment says as a journal, if it is one. */
export async function readJournal(query: Query, name: string): Promise<Journal | undefined> {
  const [row] = await query<{ comment: string | null }>(
    "SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = $1",
    [name],
  );
  if (!row?.comment?.startsWith(MARK)) return undefined;
  return JSON.parse(row.comment.slice(MARK.length)) as Journal;
}

/**
 * Opens the database that a replacement from `scratch` has closed to connections, if it has.
 *
 * @returns the database's name, when it was closed
 */
export async function reopen(database: Database, scratch: string): Promise<string | undefined> {
  return await database.transaction(async (query) => {
    const journal = await readJournal(query, scratch);
    if (!journal || !('closed' in journal)) return undefined;
    const [row] = await query<{ name: string }>('SELECT datname AS name FROM pg_database WHERE oid = $1', [
      journal.closed,
    ]);
    if (row) await query(allowConnections(row.name, true));
    await query(`COMMENT ON DATABASE ${escapeIdentifier(scratch)} IS NULL`);
    return row?.name;
  });
}

export function allowConnections(name: string, open: boolean): string {
  return `ALTER DATABASE ${escapeIdentifier(name)} WITH ALLOW_CONNECTIONS ${open}`;
}
