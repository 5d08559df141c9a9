import { VyaError } from '../errors.ts';
import type { Inventory } from '../model/inventory.ts';
import type { ClientPrograms } from './client-program.ts';

/** What a backup holds beside tables (views, routines, triggers, events), or some of it, as a dump. */
export interface ObjectPart {
  holds: readonly string[];
  content: Buffer;
}

export interface ReplaceRequest {
  /** The freshly restored database. */
  fresh: string;
  /** The name that it takes. */
  name: string;
  /** The name under which the present database is kept; undefined: it is dropped once the new one stands. */
  keepOldAs: string | undefined;
  /** False: nobody had the name when that was asked, and nobody confirmed that a database may be replaced. */
  mayReplace: boolean;
  /** The source's properties (owner, ACL, settings) to give to the restored database. */
  inventory: Inventory;
  noOwner: boolean;
  noAcl: boolean;
  /**
   * The parts that hold only objects, in their order: MySQL creates these once the tables bear their final names, because a
   * table with triggers cannot move between databases. Empty on PostgreSQL.
   */
  objects: readonly ObjectPart[];
  /** The database's name where the dump was made. */
  sourceDatabase: string;
  /** Events of a copy under another name must not run. */
  disableEvents: boolean;
  programs: ClientPrograms;
  /** Ends the replacement where that leaves the present database as it was; undoing is not interrupted. */
  signal: AbortSignal;
}

/** What a run that was killed has left on a server, and what became of it. */
export interface Leftover {
  /** One sentence. */
  message: string;
  /** The database whose replacement was begun and is neither finished nor taken back. */
  unsettled?: string;
}

export interface RecoverRequest {
  programs: ClientPrograms;
  /** False: only say what there is, and change nothing. */
  act: boolean;
}

/** Nobody had the name when the operator was asked, and now somebody has. */
export function appeared(name: string): VyaError {
  return new VyaError(
    'refused',
    `Somebody has made a database “${name}” meanwhile, and replacing it was not confirmed`,
    {
      hint: 'Look at it, then run again and confirm, or restore beside it with --target-database.',
    },
  );
}
