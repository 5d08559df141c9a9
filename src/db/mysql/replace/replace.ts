import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { VyaError } from '../../../errors.ts';
import type { InstanceTarget } from '../../../model/instance.ts';
import { asideName } from '../../../model/scratch-names.ts';
import { appeared, type ReplaceRequest } from '../../replacement.ts';
import type { ClientContext } from '../client.ts';
import { createDatabase, databaseExists, dropDatabase } from '../databases.ts';
import { unreadableViews } from '../dump/dump-findings.ts';
import { type Hold, type Holds, openHold, targetLock } from './hold.ts';
import { readInventory } from '../inventory.ts';
import { type Journal, readJournal, writeJournal } from './journal.ts';
import { dropNamed, finish, goForward, takeBack, type Work } from './replacement.ts';
import { readRoutineGrants } from './routine-grants.ts';
import { saveCode } from './saved-code.ts';

/**
 * Gives the freshly restored database the name `request.name`: its tables move there in one RENAME TABLE, which moves the present
 * ones aside at the same time and keeps foreign keys right; then triggers, routines, views and events are made anew under the
 * final name. journal.ts tells what happens when that stops anywhere.
 *
 * @throws VyaError of the failed step, with what became of the database in its message; `locked` when another run replaces it
 */
export async function replaceDatabase(
  context: ClientContext,
  holds: Holds,
  request: ReplaceRequest,
): Promise<void> {
  const { fresh, name, programs, signal } = request;
  const hold = await holds.of(fresh);
  await takeTarget(hold, name, 0);
  try {
    const journal = await planReplacement(context, hold.knex, request);
    signal.throwIfAborted();
    const work: Work = { context, knex: hold.knex, journal, programs, signal };
    try {
      await writeJournal(hold.knex, journal);
      await makeRoom(work);
      await goForward(work);
    } catch (error) {
      await settle(error, work, holds);
    }
    await finishOrSay(work, holds);
  } finally {
    await hold.giveBack(targetLock(name)).catch(() => {});
  }
}

/** Drops a database to make room for its successor, unless another run is replacing it. */
export async function dropTarget(target: InstanceTarget, name: string): Promise<void> {
  const hold = await openHold(target);
  try {
    await takeTarget(hold, name, 0);
    await dropDatabase(hold.knex, name);
  } finally {
    await hold.release();
  }
}

/** @throws VyaError `locked` */
export async function takeTarget(hold: Hold, name: string, waitSeconds: number): Promise<void> {
  if (await hold.take(targetLock(name), waitSeconds)) return;
  throw new VyaError('locked', `Another run of vya is replacing ${name} now`, {
    hint: 'Wait until it has ended, then run again.',
  });
}

/** Everything that is needed for both ways, and nothing changed yet. */
async function planReplacement(
  context: ClientContext,
  knex: Knex,
  request: ReplaceRequest,
): Promise<Journal> {
  const { fresh, name, keepOldAs, programs, signal, inventory, objects, sourceDatabase, disableEvents } =
    request;
  const { server } = context;
  const aside = keepOldAs ?? asideName(fresh);
  if (await databaseExists(knex, aside)) {
    throw new VyaError('failed', `The database ${aside}, which would hold what ${name} was, exists already`);
  }
  const restored = await readInventory(knex, server, fresh);
  const journal = {
    version: 1,
    fresh,
    name,
    restored,
    aside,
    objects,
    sourceDatabase,
    disableEvents,
  } as const;
  const properties = inventory.database;
  if (!(await databaseExists(knex, name))) {
    const none = { hiddenViews: [], formerCode: [], formerViews: [], routineGrants: [] };
    return { ...journal, properties, present: undefined, keepsOld: false, ...none };
  }
  if (!request.mayReplace) throw appeared(name);
  const present = await readInventory(knex, server, name);
  const keepsOld = keepOldAs !== undefined;
  const broken = new Set((await unreadableViews(knex, name, present)).map(({ view }) => view));
  const views = keepsOld ? present.views.map((view) => view.name).filter((view) => !broken.has(view)) : [];
  const saved = await saveCode(context, { database: name, inventory: present, programs, views, signal });
  const mark = randomBytes(6).toString('hex');
  return {
    ...journal,
    properties,
    present,
    keepsOld,
    hiddenViews: present.views.map((_view, index) => `vya_tmp_${mark}_${index}`),
    formerCode: saved.code,
    formerViews: saved.views,
    routineGrants: await readRoutineGrants(knex, name),
  };
}

/** The first changes: a database for what moves, and nothing left that cannot move. The restored objects have proven that they load. */
async function makeRoom(work: Work): Promise<void> {
  const { knex, journal } = work;
  const { name, fresh, aside, present, restored, properties } = journal;
  if (present) await createDatabase(knex, aside, present.database);
  else await createDatabase(knex, name, properties);
  await dropNamed(work, fresh, restored, restored.views);
  if (present) await dropNamed(work, name, present, []);
}

/** After a failure: returns when the replacement stands all the same (only its answer was lost), otherwise throws what became of it. */
async function settle(error: unknown, work: Work, holds: Holds): Promise<void> {
  const { name, fresh, aside } = work.journal;
  const { kind, hint } = error instanceof VyaError ? error : { kind: 'failed' as const, hint: undefined };
  let outcome: string;
  try {
    const { knex } = await regained(holds, fresh, name);
    const open = await readJournal(knex, fresh);
    if (open?.state === 'stands') return;
    // An abort has ended what went before; the way back is not interrupted.
    if (open) await takeBack({ ...work, knex, signal: new AbortController().signal }, { keep: false });
    outcome = `${name} is as it was before`;
  } catch (second) {
    const problem = `${messageOf(error)}. ${name} could not be put back as it was: ${messageOf(second)}`;
    throw new VyaError('failed', problem, {
      hint: `Nothing was deleted: former tables that are not in ${name} are in ${aside}. The next vya restore or backup on this server finishes or takes back what was begun.`,
      cause: error,
    });
  }
  throw new VyaError(kind, `${messageOf(error)}. ${outcome}`, { hint, cause: error });
}

/** The session with its locks, or a new one: meanwhile another run may have taken over. */
async function regained(holds: Holds, fresh: string, name: string): Promise<Hold> {
  const hold = await holds.of(fresh);
  await takeTarget(hold, name, 10);
  return hold;
}

async function finishOrSay(work: Work, holds: Holds): Promise<void> {
  const { name, fresh } = work.journal;
  const tryOnce = async (): Promise<void> => {
    const { knex } = await regained(holds, fresh, name);
    await finish({ ...work, knex });
  };
  try {
    // Once more where a connection was lost: all that can be done twice.
    await tryOnce().catch(tryOnce);
  } catch (error) {
    throw new VyaError(
      'failed',
      `${name} has its new content, but what is left of the former could not be removed: ${messageOf(error)}`,
      { hint: 'The next vya restore or backup on this server removes it.', cause: error },
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
