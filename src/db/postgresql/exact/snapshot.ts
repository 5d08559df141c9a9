import { VyaError } from '../../../errors.ts';
import type { InstanceTarget } from '../../../model/instance.ts';
import type { ServerInfo } from '../../adapter.ts';
import type { Snapshot } from '../../snapshot.ts';
import { holdTransaction, type HeldTransaction } from './held-transaction.ts';
import { measureTables } from './measure.ts';
import { readMeasuredTables } from './measured-tables.ts';
import { readPosition } from '../position.ts';
import { type Query, sqlState } from '../session.ts';
import { watchDump } from './snapshot-watch.ts';
import { lockTables } from './table-locks.ts';

/** How often a snapshot is taken anew because a table was rewritten or dropped between it and the lock. */
const ATTEMPTS = 5;

const NO_SUCH_TABLE = '42P01';

export interface SnapshotContext {
  target: InstanceTarget;
  server: ServerInfo;
  signal: AbortSignal;
  /** Asks from outside of the snapshot. */
  ask: Query;
}

/**
 * Exports a snapshot for a dump, and holds its transaction until it is closed. Every table is locked against being rewritten:
 * TRUNCATE heeds no snapshot, and would give 0 rows to the dump and to the counts alike (F48).
 *
 * @throws VyaError `failed` when a lock was not to be had in the target's time; `privileges`, `connection`
 */
export async function openSnapshot(context: SnapshotContext, database: string): Promise<Snapshot> {
  const { target, signal } = context;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const held = await holdTransaction(target, database, signal);
    const snapshot = await exportSnapshot(context, held).catch(async (error: unknown) => {
      await held.end(false);
      if (sqlState(error) !== NO_SUCH_TABLE) throw error;
    });
    if (snapshot) return snapshot;
    await held.end(false);
  }
  throw new VyaError('failed', `${target.id}/${database}: tables are rewritten or dropped all the time`, {
    hint: 'Run again when whatever truncates, alters or drops them pauses, or leave --exact out.',
  });
}

/** Undefined when a table was rewritten before it could be locked. */
async function exportSnapshot(
  { server, ask }: SnapshotContext,
  { query, end }: HeldTransaction,
): Promise<Snapshot | undefined> {
  const [exported] = await query<{ name: string; pid: number }>(
    'SELECT pg_export_snapshot() AS name, pg_backend_pid() AS pid',
  );
  if (!exported) return undefined;
  const { name, pid } = exported;
  const positions = await readPosition({ query });
  const tables = await readMeasuredTables(query);
  if (!(await lockTables(query, tables))) return undefined;
  let measuring = false;
  return {
    name,
    positions,
    joined: (dumps) =>
      watchDump(ask, { name, pid, tables, ended: Promise.all(dumps.map(({ ended }) => ended)) }),
    async measure() {
      measuring = true;
      const measures = await measureTables(query, server);
      measuring = false;
      return measures;
    },
    close: () => end(measuring),
  };
}
