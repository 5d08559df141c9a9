import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { VyaError } from '../../errors.ts';
import type { Inventory } from '../../model/inventory.ts';
import type { ReplaceRequest } from '../adapter.ts';
import type { ClientContext } from './client.ts';
import { alterDatabase, createDatabase, databaseExists, dropDatabase } from './databases.ts';
import { unreadableViews } from './dump-findings.ts';
import { readInventory } from './inventory.ts';
import { backwards, dropCode, dropViews, type Move, movable, moves, rename } from './objects.ts';
import { giveRoutineGrants, readRoutineGrants } from './routine-grants.ts';
import { forgetCode, loadCode, saveCode, type SavedCode } from './saved-code.ts';
import { followSequences } from './sequence-defaults.ts';

/** What has been done so far, and the ways back. */
interface Progress {
  undo: { what: string; run: () => Promise<void> }[];
  /** Where the present tables are, or go. */
  aside?: string;
  saved?: SavedCode;
}

/**
 * Gives the freshly restored database the name `request.name`. Its tables move there in one RENAME TABLE, which moves the present
 * ones aside at the same time and keeps foreign keys right; then triggers, routines, views and events are made anew under the
 * final name. When any step fails, all before it are taken back. `knex` must not be cut off by an abort.
 *
 * @throws VyaError of the failed step, with what became of the database in its message
 */
export async function replaceDatabase(
  context: ClientContext,
  knex: Knex,
  request: ReplaceRequest,
): Promise<void> {
  const progress: Progress = { undo: [] };
  let finish: () => Promise<void>;
  try {
    const replaces = await databaseExists(knex, request.name);
    finish = await (replaces ? swap : takeFreeName)(context, knex, request, progress);
  } catch (error) {
    throw await takenBack(error, request, progress);
  }
  try {
    await finish();
    await forgetCode(progress.saved);
  } catch (error) {
    throw new VyaError(
      'failed',
      `${request.name} has its new content, but what is left of the former could not be removed: ${messageOf(error)}`,
      {
        hint: `Drop what is left of ${request.fresh} and ${progress.aside ?? request.name} by hand.`,
        cause: error,
      },
    );
  }
}

async function takeFreeName(
  context: ClientContext,
  knex: Knex,
  request: ReplaceRequest,
  progress: Progress,
): Promise<() => Promise<void>> {
  const { name, fresh } = request;
  const restored = await readInventory(knex, context.server, fresh);
  await createDatabase(knex, name, request.inventory);
  progress.undo.push({ what: `drop ${name}`, run: () => dropDatabase(knex, name) });
  await stripFresh(knex, fresh, restored);
  await rename(knex, moves(movable(restored), fresh, name));
  await followSequences(knex, context.server, name, fresh);
  await request.loadObjects(name);
  return () => dropDatabase(knex, fresh);
}

async function swap(
  context: ClientContext,
  knex: Knex,
  request: ReplaceRequest,
  progress: Progress,
): Promise<() => Promise<void>> {
  const { name, fresh, keepOldAs } = request;
  const [restored, present] = [
    await readInventory(knex, context.server, fresh),
    await readInventory(knex, context.server, name),
  ];
  const broken = new Set((await unreadableViews(knex, name, present)).map(({ view }) => view));
  const readable = present.views.map((view) => view.name).filter((view) => !broken.has(view));
  const saved = await saveCode(context, request, present, readable);
  progress.saved = saved;
  const routineGrants = await readRoutineGrants(knex, name);
  const mark = randomBytes(6).toString('hex');
  const aside = keepOldAs ?? `vya_tmp_old_${mark}`;
  progress.aside = aside;
  await createDatabase(knex, aside, present);
  progress.undo.push({ what: `drop ${aside}`, run: () => dropDatabase(knex, aside) });
  await stripFresh(knex, fresh, restored);

  progress.undo.push({
    what: `make the triggers, routines and events of ${name} again`,
    run: async () => {
      await dropCode(knex, name, await readInventory(knex, context.server, name));
      await loadCode(context, request, saved, name);
      await giveRoutineGrants(knex, routineGrants);
    },
  });
  await dropCode(knex, name, present);

  const list = swapMoves(request, restored, present, aside, mark);
  await rename(knex, list.all);
  progress.undo.push({
    what: `move the tables of ${name} back from ${aside}`,
    async run() {
      await rename(knex, backwards(list.all));
      await followSequences(knex, context.server, name, aside);
    },
  });
  progress.undo.push({
    what: `drop the views, triggers, routines and events that were made in ${name}`,
    run: () => dropMade(context, knex, name, list.hiddenViews),
  });
  await alterDatabase(knex, name, request.inventory);
  progress.undo.push({
    what: `give ${name} its former collation`,
    run: () => alterDatabase(knex, name, present),
  });
  await followSequences(knex, context.server, name, fresh);
  await request.loadObjects(name);
  await giveRoutineGrants(knex, routineGrants);
  if (keepOldAs !== undefined) {
    await followSequences(knex, context.server, keepOldAs, name);
    await loadCode(context, request, saved, keepOldAs);
  }

  return async () => {
    await dropViews(knex, name, list.hiddenViews);
    if (keepOldAs === undefined) await dropDatabase(knex, aside);
    await dropDatabase(knex, fresh);
  };
}

/**
 * The present tables go aside and the restored ones in. Views cannot leave their database: the present ones get other names,
 * under which even broken ones, which no dump could bring back, wait for the end.
 */
function swapMoves(
  { name, fresh }: ReplaceRequest,
  restored: Inventory,
  present: Inventory,
  aside: string,
  mark: string,
): { all: Move[]; hiddenViews: string[] } {
  const hiddenViews = present.views.map((_view, index) => `vya_tmp_${mark}_${index}`);
  const hide = present.views.flatMap((view, index) =>
    moves([view.name], name, name).map(({ from }) => ({
      from,
      to: moves([hiddenViews[index]!], name, name)[0]!.to,
    })),
  );
  return {
    all: [...hide, ...moves(movable(present), name, aside), ...moves(movable(restored), fresh, name)],
    hiddenViews,
  };
}

/** The fresh database's own objects have proven that they load; a table that has triggers could not move. */
async function stripFresh(knex: Knex, fresh: string, restored: Inventory): Promise<void> {
  await dropCode(knex, fresh, restored);
  const views = restored.views.map(({ name }) => name);
  await dropViews(knex, fresh, views);
}

async function dropMade(
  context: ClientContext,
  knex: Knex,
  name: string,
  except: readonly string[],
): Promise<void> {
  const made = await readInventory(knex, context.server, name);
  await dropCode(knex, name, made);
  const views = made.views.map((view) => view.name).filter((view) => !except.includes(view));
  await dropViews(knex, name, views);
}

/** Goes all steps back, and says in the error what became of the database. */
async function takenBack(
  error: unknown,
  { name, undoDirectory }: ReplaceRequest,
  { undo, aside, saved }: Progress,
): Promise<VyaError> {
  const { kind, hint } = error instanceof VyaError ? error : { kind: 'failed' as const, hint: undefined };
  for (const step of undo.toReversed()) {
    try {
      await step.run();
    } catch (second) {
      const problem = `it was not possible to ${step.what}: ${messageOf(second)}`;
      return new VyaError(
        'failed',
        `${messageOf(error)}. ${name} could not be put back as it was: ${problem}`,
        {
          hint: `Nothing was deleted. Former tables that are not in ${name} are in ${aside ?? name}; its triggers, routines and events are in ${undoDirectory}.`,
          cause: error,
        },
      );
    }
  }
  await forgetCode(saved);
  const outcome = undo.length === 0 ? '' : `. ${name} is as it was before`;
  return new VyaError(kind, messageOf(error) + outcome, { hint, cause: error });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
