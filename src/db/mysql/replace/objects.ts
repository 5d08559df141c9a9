import type { Knex } from 'knex';
import type { Inventory } from '../../../model/inventory.ts';
import { qualified } from '../names.ts';
import { execute, inOneSession } from '../query.ts';

/** Drops a database's triggers, events and routines: what cannot move, or would run while it should not. */
export async function dropCode(knex: Knex, database: string, inventory: Inventory): Promise<void> {
  const drop = (kind: string, name: string) => execute(knex, `DROP ${kind} ${qualified(database, name)}`);
  // An event that runs once may be gone by itself meanwhile.
  for (const { name } of inventory.events) await drop('EVENT IF EXISTS', name);
  for (const { name } of inventory.triggers) await drop('TRIGGER', name);
  const of = (...kinds: string[]) => inventory.routines.filter(({ kind }) => kinds.includes(kind));
  for (const { name } of of('function', 'aggregate')) await drop('FUNCTION', name);
  for (const { name } of of('procedure')) await drop('PROCEDURE', name);
  // Their bodies go with them.
  await dropPackages(
    knex,
    of('package').map(({ name }) => qualified(database, name)),
  );
}

/** MariaDB knows the word PACKAGE only in sessions of this mode, before 11.5. */
async function dropPackages(knex: Knex, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await inOneSession(knex, async (run) => {
    await run("SET SESSION sql_mode = 'ORACLE'");
    try {
      for (const name of names) await run(`DROP PACKAGE ${name}`);
    } finally {
      await run("SET SESSION sql_mode = ''");
    }
  });
}

export async function dropViews(knex: Knex, database: string, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await execute(knex, `DROP VIEW ${names.map((name) => qualified(database, name)).join(', ')}`);
}

/** The tables and sequences of a database, which RENAME TABLE moves. */
export function movable(inventory: Inventory): string[] {
  return [...inventory.tables, ...inventory.sequences].map(({ name }) => name);
}

/** One object's way: from a database and name to another. */
export interface Move {
  from: string;
  to: string;
}

export function move(database: string, name: string, toDatabase: string, toName: string): Move {
  return { from: qualified(database, name), to: qualified(toDatabase, toName) };
}

/** Moves tables, sequences and views, all or none, in this order. Throws VyaError `privileges` or `failed`. */
export async function rename(knex: Knex, list: readonly Move[]): Promise<void> {
  if (list.length === 0) return;
  await execute(knex, `RENAME TABLE ${list.map(({ from, to }) => `${from} TO ${to}`).join(', ')}`);
}
