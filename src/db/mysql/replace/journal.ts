import type { Knex } from 'knex';
import { VyaError } from '../../../errors.ts';
import type { Inventory } from '../../../model/inventory.ts';
import type { ObjectPart } from '../../replacement.ts';
import { qualified } from '../names.ts';
import { execute, rows } from '../query.ts';

/**
 * The journal of a replacement: everything that it takes to finish it or to take it back, on the server itself, in a table of
 * the scratch database that was restored into. Whoever comes next, on whatever machine, finds it there.
 *
 * It is written before the first change, its state last. From then on the order is: the present triggers, routines and events are
 * dropped; one RENAME TABLE moves the present tables aside and the restored ones in; objects are made under the final name; the state
 * becomes `stands`; what is left of the former is dropped, and the scratch database with the journal in it at the very end.
 *
 * When the run has died (its lock is free, see hold.ts), what is on the server decides. No journal, or none with a state: nothing
 * was changed. Tables have not moved: what was dropped is made again. They have moved: the replacement goes on, because clients may
 * have written into the restored tables since, and nothing of that may be lost. Where it cannot go on, the tables move back, and the
 * restored ones are kept in the scratch database (state `kept`). `stands`: only dropping is left.
 */
export interface Journal {
  version: 1;
  /** The scratch database, which holds the journal. */
  fresh: string;
  /** The database that is replaced, or made where there was none. */
  name: string;
  /** The restored objects, and the properties that their source had. */
  restored: Inventory;
  properties: Inventory['database'];
  /** What `name` held; undefined: nobody had the name. */
  present: Inventory | undefined;
  /** Where the present tables go, and whether they stay there. */
  aside: string;
  keepsOld: boolean;
  /** Views cannot leave their database: the present ones wait under these names, in the order of `present.views`. */
  hiddenViews: readonly string[];
  /** The present triggers, routines and events, and for a copy the views. */
  formerCode: readonly ObjectPart[];
  formerViews: readonly ObjectPart[];
  /** The backup's objects, and the name of the database that they were dumped from. */
  objects: readonly ObjectPart[];
  sourceDatabase: string;
  disableEvents: boolean;
  /** Statements that give the privileges on single routines, which go with the routines. */
  routineGrants: readonly string[];
}

export type JournalState = 'begun' | 'stands' | 'kept';

const TABLE = 'vya_tmp_journal';

/** Bytes in one row: twice as many in a statement have to be below the server's `max_allowed_packet` (MySQL 5.5: 1 MB). */
const CHUNK = 256 * 1024;

/** Writes the whole journal and then its state. Throws VyaError `privileges` or `failed`. */
export async function writeJournal(knex: Knex, journal: Journal): Promise<void> {
  const table = qualified(journal.fresh, TABLE);
  await execute(knex, `CREATE TABLE ${table} (seq int PRIMARY KEY, content longblob NOT NULL) ENGINE=InnoDB`);
  const content = Buffer.from(JSON.stringify(journal, asText));
  for (let seq = 1, at = 0; at < content.length; seq += 1, at += CHUNK) {
    await execute(
      knex,
      `INSERT INTO ${table} VALUES (${seq}, x'${content.toString('hex', at, at + CHUNK)}')`,
    );
  }
  await execute(knex, `INSERT INTO ${table} VALUES (0, 'begun')`);
}

/** The journal in a scratch database, or undefined where no change was begun. Throws VyaError `failed` for a newer vya's. */
export async function readJournal(
  knex: Knex,
  fresh: string,
): Promise<{ journal: Journal; state: JournalState } | undefined> {
  if (!(await hasTable(knex, fresh))) return undefined;
  const found = await rows<{ seq: number; content: Buffer }>(
    knex,
    `SELECT seq, content FROM ${qualified(fresh, TABLE)} ORDER BY seq`,
  );
  const [state, ...chunks] = found;
  if (!state || Number(state.seq) !== 0) return undefined;
  const text = Buffer.concat(chunks.map(({ content }) => content)).toString('utf8');
  const journal = JSON.parse(text, fromText) as Journal | { version: unknown };
  if (journal.version === 1) {
    return { journal: journal as Journal, state: state.content.toString() as JournalState };
  }
  throw new VyaError('failed', `${fresh} holds the journal of another version of vya`, {
    hint: 'Run the newest version of vya that is used on this server.',
  });
}

export async function setState(knex: Knex, fresh: string, state: JournalState): Promise<void> {
  await execute(knex, `UPDATE ${qualified(fresh, TABLE)} SET content = '${state}' WHERE seq = 0`);
}

/** The replacement was taken back: the scratch database is an ordinary one again. */
export async function closeJournal(knex: Knex, fresh: string): Promise<void> {
  await execute(knex, `DELETE FROM ${qualified(fresh, TABLE)} WHERE seq = 0`);
}

/** An inventory without the journal's table. */
export function withoutJournal(inventory: Inventory): Inventory {
  return { ...inventory, tables: inventory.tables.filter(({ name }) => name !== TABLE) };
}

async function hasTable(knex: Knex, database: string): Promise<boolean> {
  const found = await rows(
    knex,
    'SELECT 1 AS found FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [database, TABLE],
  );
  return found.length > 0;
}

/** Buffers as base64: dumps hold bytes of any kind. */
function asText(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key];
  return Buffer.isBuffer(original) ? { base64: original.toString('base64') } : value;
}

function fromText(_key: string, value: unknown): unknown {
  const { base64 } = (value ?? {}) as { base64?: unknown };
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64') : value;
}
