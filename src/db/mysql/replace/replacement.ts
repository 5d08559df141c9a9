import type { Knex } from 'knex';
import { VyaError } from '../../../errors.ts';
import type { Inventory } from '../../../model/inventory.ts';
import type { ClientPrograms } from '../../client-program.ts';
import type { ClientContext } from '../client.ts';
import { alterDatabase, databaseExists, dropDatabase } from '../databases.ts';
import { readInventory } from '../inventory.ts';
import { closeJournal, type Journal, setState, withoutJournal } from './journal.ts';
import { dropCode, dropViews, type Move, movable, move, rename } from './objects.ts';
import { giveRoutineGrants } from './routine-grants.ts';
import { loadCode } from './saved-code.ts';
import { followSequences } from './sequence-defaults.ts';

/** A replacement at any point of its way. Each step looks what is there, so that it can be repeated. */
export interface Work {
  context: ClientContext;
  /** The session that holds the locks. */
  knex: Knex;
  journal: Journal;
  programs: ClientPrograms;
  /** Ends the programs that make objects. */
  signal: AbortSignal;
}

/** Moves what has not moved yet and makes the objects, up to the moment from which the replacement stands. */
export async function goForward(work: Work): Promise<void> {
  const { context, knex, journal } = work;
  const { name, fresh, aside, present, restored } = journal;
  const { server } = context;
  await rename(
    knex,
    (await movesOf(work)).filter(({ done }) => !done),
  );
  await alterDatabase(knex, name, journal.properties);
  await followSequences(knex, server, name, fresh);
  await dropNamed(work, name, restored, restored.views);
  await load(work, name, journal.objects, journal.disableEvents);
  await giveRoutineGrants(knex, journal.routineGrants);
  if (present && journal.keepsOld) {
    await followSequences(knex, server, aside, name);
    await dropNamed(work, aside, present, present.views);
    const saved = [...journal.formerCode, ...journal.formerViews];
    await load({ ...work, journal: { ...journal, sourceDatabase: name } }, aside, saved, true);
  }
  await setState(knex, fresh, 'stands');
}

/** Drops what is left of the former once the new one stands, and the journal at last. */
export async function finish({ context, knex, journal }: Work): Promise<void> {
  const { name, fresh, aside, present, keepsOld, hiddenViews } = journal;
  const { views } = await readInventory(knex, context.server, name);
  const hidden = views.filter((view) => hiddenViews.includes(view.name)).map((view) => view.name);
  await dropViews(knex, name, hidden);
  if (present && !keepsOld) await dropDatabase(knex, aside);
  await dropDatabase(knex, fresh);
}

/**
 * Makes `name` what it was. What was restored is in `fresh` again, less its objects; `keep`: with a state that keeps it from
 * being dropped.
 */
export async function takeBack(work: Work, { keep }: { keep: boolean }): Promise<void> {
  const { context, knex, journal } = work;
  const { name, fresh, aside, present, restored } = journal;
  const done = (await movesOf(work)).filter((each) => each.done);
  if (done.length > 0) {
    await dropNamed(work, name, restored, restored.views);
    await rename(knex, done.map(({ from, to }) => ({ from: to, to: from })).toReversed());
    if (keep) await followSequences(knex, context.server, fresh, name);
    if (present) await alterDatabase(knex, name, present.database);
    if (present) await followSequences(knex, context.server, name, aside);
  }
  if (present) {
    await makeCodeAgain(work, present, done.length > 0);
    await assertAllThere(work, present);
    await dropIfEmpty(work, aside);
  } else {
    await dropIfEmpty(work, name);
  }
  await (keep ? setState(knex, fresh, 'kept') : closeJournal(knex, fresh));
}

/** Whether tables or views have moved: from then on a killed replacement is finished, not taken back. */
export async function hasMoved(work: Work): Promise<boolean> {
  return (await movesOf(work)).some(({ done }) => done);
}

/**
 * All moves in their order, each with whether it was made. A present table has moved once it is in `aside`, a restored one once
 * it is not in `fresh` any more: tables of the same name never stand in each other's way.
 */
async function movesOf({ context, knex, journal }: Work): Promise<(Move & { done: boolean })[]> {
  const { name, fresh, aside, present, restored, hiddenViews } = journal;
  const read = async (database: string): Promise<Inventory | undefined> =>
    (await databaseExists(knex, database)) ? await readInventory(knex, context.server, database) : undefined;
  const [inName, inFresh, inAside] = [await read(name), await read(fresh), await read(aside)];
  const names = (list: readonly { name: string }[] = []) => new Set(list.map((each) => each.name));
  const views = names(inName?.views);
  const left = new Set(inFresh ? movable(inFresh) : []);
  const moved = new Set(present && inAside ? movable(inAside) : []);
  return [
    ...(present?.views ?? []).map((view, index) => {
      const hidden = hiddenViews[index]!;
      return { ...move(name, view.name, name, hidden), done: views.has(hidden) };
    }),
    ...(present ? movable(present) : []).map((table) => ({
      ...move(name, table, aside, table),
      done: moved.has(table),
    })),
    ...movable(restored).map((table) => ({ ...move(fresh, table, name, table), done: !left.has(table) })),
  ];
}

/** Drops those objects of a database that have the names of `inventory`'s triggers, routines and events, or of `views`. */
export async function dropNamed(
  { context, knex }: Pick<Work, 'context' | 'knex'>,
  database: string,
  inventory: Inventory,
  views: readonly { name: string }[],
): Promise<void> {
  const there = await readInventory(knex, context.server, database);
  await dropCode(knex, database, onlyNamed(there, inventory));
  const named = new Set(views.map(({ name }) => name));
  const found = there.views.map(({ name }) => name).filter((name) => named.has(name));
  await dropViews(knex, database, found);
}

function onlyNamed(there: Inventory, wanted: Inventory): Inventory {
  const key = ({ kind, name }: { kind?: string; name: string }) => `${kind ?? ''} ${name}`;
  const pick = <Each extends { name: string }>(list: Each[], names: readonly { name: string }[]): Each[] => {
    const known = new Set(names.map(key));
    return list.filter((each) => known.has(key(each)));
  };
  return {
    ...there,
    triggers: pick(there.triggers, wanted.triggers),
    routines: pick(there.routines, wanted.routines),
    events: pick(there.events, wanted.events),
  };
}

/** The last look before the way back is forgotten. */
async function assertAllThere({ context, knex, journal: { name } }: Work, present: Inventory): Promise<void> {
  const there = await readInventory(knex, context.server, name);
  const missing = (['tables', 'sequences', 'views', 'triggers', 'routines'] as const).flatMap((kind) => {
    const names = new Set(there[kind].map((each) => each.name));
    return present[kind].map((each) => each.name).filter((each) => !names.has(each));
  });
  if (missing.length === 0) return;
  throw new VyaError('failed', `${name} lacks what it had: ${missing.join(', ')}`);
}

/** Where nothing is missing, nothing was dropped. */
async function makeCodeAgain(work: Work, present: Inventory, moved: boolean): Promise<void> {
  const { context, knex, journal } = work;
  const { name, formerCode, routineGrants } = journal;
  const there = onlyNamed(await readInventory(knex, context.server, name), present);
  const complete = (['triggers', 'routines', 'events'] as const).every(
    (kind) => there[kind].length === present[kind].length,
  );
  if (complete && !moved) return;
  await dropCode(knex, name, there);
  await load({ ...work, journal: { ...journal, sourceDatabase: name } }, name, formerCode, false);
  await giveRoutineGrants(knex, routineGrants);
}

async function load(
  { context, journal, programs, signal }: Work,
  database: string,
  parts: Journal['objects'],
  disableEvents: boolean,
): Promise<void> {
  const { sourceDatabase } = journal;
  await loadCode(context, parts, { programs, sourceDatabase, database, disableEvents, signal });
}

/** The database that this replacement has made, unless somebody has put something into it. */
async function dropIfEmpty({ context, knex }: Work, database: string): Promise<void> {
  if (!(await databaseExists(knex, database))) return;
  const { tables, views, routines, triggers, events, sequences } = withoutJournal(
    await readInventory(knex, context.server, database),
  );
  const objects = [tables, views, routines, triggers, events, sequences];
  if (objects.every((list) => list.length === 0)) await dropDatabase(knex, database);
}
