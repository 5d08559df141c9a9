import type { TableDigest } from '../model/inventory.ts';
import type { SourcePosition } from './source-position.ts';

/** One table, measured row by row. */
export interface TableMeasure {
  schema?: string | undefined;
  name: string;
  rows: number;
  digest: TableDigest;
}

/** One moment of a database, which a dump and exact measures share. Closing it lets go of everything that it holds. */
export interface Snapshot {
  /** PostgreSQL: the exported snapshot that the dump asks for. MySQL's dumps join by starting while writers wait. */
  name?: string | undefined;
  /** Where the source stood at that moment. */
  positions: readonly SourcePosition[];
  /**
   * Waits until the dump is seen to read from this moment, then lets writers go on. A dump that ended with success before
   * it was seen has joined, too.
   *
   * @throws VyaError `failed` when the dump was not seen in time: what it reads may be another moment
   */
  joined(dump: { ended: Promise<unknown> }): Promise<void>;
  /** Counts and digests of all tables at that moment. */
  measure(): Promise<TableMeasure[]>;
  /** Also ends counts that are still being taken. Closing it again does nothing. */
  close(): Promise<void>;
}
