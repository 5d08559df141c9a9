import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import type { DatabaseAdapter, DumpRequest, StoredPart } from '../../../src/db/adapter.ts';
import type { JoiningDump, Snapshot, TableMeasure } from '../../../src/db/snapshot.ts';
import type { Command } from '../../../src/exec/command.ts';
import type { Inventory } from '../../../src/model/inventory.ts';
import { type Bench, freshDatabase, load, runInto } from './support.ts';

export function exactly(bench: Bench): DatabaseAdapter {
  return bench.adapter;
}

/** A dump of the tables that has joined a snapshot, and what was measured in it. */
export interface ExactDump {
  parts: StoredPart[];
  measures: TableMeasure[];
}

/** What a dump is asked for with, but for the inventory. */
export function planned(bench: Bench, database: string): Omit<DumpRequest, 'inventory'> {
  return {
    database,
    programs: bench.programs,
    compression: { codec: 'none', level: 1 },
    jobs: 1,
    directoryFor: (suffix) => path.join(bench.folder, suffix),
  };
}

/** The adapter's own command that dumps the tables from a snapshot. */
export function tablesCommand(
  bench: Bench,
  database: string,
  inventory: Inventory,
  snapshot: Snapshot,
): Command {
  const { parts } = bench.adapter.dumpPlan({ ...planned(bench, database), inventory, snapshot });
  const command = parts[0]?.commands[0];
  if (!command) throw new Error('no part holds the tables');
  return command;
}

/** Dumps a database's tables within a snapshot, by the adapter's own command. `joined` stands for the snapshot's. */
export async function exactDump(
  bench: Bench,
  database: string,
  joined: (snapshot: Snapshot, dump: JoiningDump) => Promise<void> = (snapshot, dump) =>
    snapshot.joined([dump]),
): Promise<ExactDump> {
  const inventory = await bench.adapter.inventory(database);
  const snapshot = await exactly(bench).openSnapshot(database, inventory, { measured: true });
  try {
    const command = tablesCommand(bench, database, inventory, snapshot);
    const file = path.join(await mkdtemp(path.join(bench.folder, 'exact-')), 'tables.sql');
    const ended = runInto(command, file);
    await joined(snapshot, { ended, commands: [command] });
    const [measures] = await Promise.all([snapshot.measure(), ended]);
    return { parts: [{ path: file, format: 'sql', holds: ['tables'] }], measures };
  } finally {
    await snapshot.close();
  }
}

/** Loads tables into an empty database and measures them there. */
export async function measureCopy(
  bench: Bench,
  parts: readonly StoredPart[],
  copy: string,
  sourceDatabase: string,
): Promise<TableMeasure[]> {
  await freshDatabase(bench, copy);
  const tables = parts.filter(({ holds }) => holds.includes('tables'));
  await load(bench, tables, copy, { sourceDatabase });
  return await exactly(bench).measure(copy, await bench.adapter.inventory(copy));
}
