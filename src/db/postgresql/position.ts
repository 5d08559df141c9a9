import type { SourcePosition } from '../source-position.ts';
import type { Database } from './session.ts';

/**
 * The write-ahead log's position now: on a standby, how far it has been replayed. It is near the dump's snapshot and never exactly
 * its own: a commit is in the log before others see it.
 */
export async function readPosition(database: Pick<Database, 'query'>): Promise<SourcePosition[]> {
  const rows = await database.query<{ lsn: string | null }>(
    `SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text AS lsn`,
  );
  return rows.flatMap(({ lsn }) =>
    lsn === null ? [] : [{ kind: 'lsn' as const, value: lsn, exact: false }],
  );
}
