import { VyaError } from '../errors.ts';
import type { Command } from '../exec/command.ts';
import type { TableDigest } from '../model/inventory.ts';
import type { SourcePosition } from './source-position.ts';

/** One table, measured row by row. */
export interface TableMeasure {
  schema?: string | undefined;
  name: string;
  rows: number;
  digest: TableDigest;
}

/** Writers could not be held, or not until every program was seen to begin: nothing that was read is known to be of one moment. */
export class NoSharedMoment extends VyaError {}

/** One program of a dump that reads from a shared moment. */
export interface JoiningDump {
  ended: Promise<unknown>;
  /** What runs as the program; empty where that is not known. */
  commands: readonly Command[];
  /** Pieces of statements that it alone asks, as of a DumpPart. */
  marks?: readonly string[];
}

/** How one moment of a database is held. */
export interface HoldOptions {
  /** Also for exact measures: then everything is tried that the account may do. */
  measured: boolean;
  /**
   * MySQL: whether the database's tables may be locked where no kinder way is open, although a transaction of others that writes to
   * several of them may then be rolled back as a deadlock.
   */
  mayLockTables?: boolean;
}

/** One moment of a database, which the programs of a dump and exact measures share. Closing it lets go of everything that it holds. */
export interface Snapshot {
  /** PostgreSQL: the exported snapshot that the dump asks for. MySQL's dumps join by starting while writers wait. */
  name?: string | undefined;
  /** Where the source stood at that moment. */
  positions: readonly SourcePosition[];
  /**
   * Waits until every program of the dump is seen to read from this moment, then lets writers go on. One that ended with success
   * before it was seen has joined, too.
   *
   * @throws NoSharedMoment when one was not seen in time: what it reads may be another moment
   * @throws what one of them failed with
   */
  joined(dumps: readonly JoiningDump[]): Promise<void>;
  /** Counts and digests of all tables at that moment. Only where it was opened to be measured. */
  measure(): Promise<TableMeasure[]>;
  /** Also ends counts that are still being taken. Closing it again does nothing. */
  close(): Promise<void>;
}
