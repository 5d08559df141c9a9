import type { Knex } from 'knex';
import { VyaError } from '../../../errors.ts';
import { parseScratchName, scratchPrefix, serverMark } from '../../../model/scratch-names.ts';
import type { Leftover, RecoverRequest } from '../../replacement.ts';
import type { ClientContext } from '../client.ts';
import { databaseExists, dropDatabase, listDatabases } from '../databases.ts';
import { type Hold, isAbandoned, loaderLock, targetLock, tryHold } from './hold.ts';
import { readJournal } from './journal.ts';
import { finish, goForward, hasMoved, takeBack, type Work } from './replacement.ts';

/** Seconds for client programs of a killed run to end. */
const LOADER_SECONDS = 15;

/**
 * Looks through vya's scratch databases for those that belong to nobody any more, and settles what they stand for. A failure with
 * one does not stop the others: it is told. What another server has made, as on a replica, is not touched: its locks are elsewhere.
 */
export async function recover(
  context: ClientContext,
  knex: Knex,
  request: RecoverRequest,
): Promise<Leftover[]> {
  const found = (await listDatabases(knex))
    .map(({ name }) => name)
    .filter((name) => name.startsWith(scratchPrefix));
  const leftovers: Leftover[] = [];
  for (const scratch of found) {
    const parsed = parseScratchName(scratch);
    if (parsed?.purpose === 'old') {
      if (!found.some((name) => isPartner(name, parsed.mark))) leftovers.push({ message: orphaned(scratch) });
      continue;
    }
    if (parsed?.server !== serverMark(context.server.identity)) {
      leftovers.push({ message: foreign(scratch) });
      continue;
    }
    const leftover = await settleOne(context, knex, scratch, request);
    if (leftover) leftovers.push(leftover);
  }
  return leftovers;
}

/**
 * Drops a scratch database of this run's own, unless it holds the journal of a replacement that is neither finished nor taken back.
 *
 * @throws VyaError `failed`
 */
export async function dropScratch(knex: Knex, scratch: string): Promise<void> {
  const open = await readJournal(knex, scratch);
  if (!open) return await dropDatabase(knex, scratch);
  throw new VyaError(
    'failed',
    `${scratch} is needed: the replacement of ${open.journal.name} is not settled`,
    {
      hint: 'The next vya restore or backup on this server settles it.',
    },
  );
}

function isPartner(name: string, mark: string): boolean {
  const parsed = parseScratchName(name);
  return parsed?.purpose === 'restore' && parsed.mark === mark;
}

async function settleOne(
  context: ClientContext,
  knex: Knex,
  scratch: string,
  { act, programs }: RecoverRequest,
): Promise<Leftover | undefined> {
  let name: string | undefined;
  try {
    if (!(await isAbandoned(knex, scratch))) return undefined;
    if (!act) {
      name = (await readJournal(knex, scratch))?.journal.name;
      return { message: waiting(scratch, name), ...(name !== undefined && { unsettled: name }) };
    }
    const hold = await tryHold(context.target, scratch, 0);
    if (!hold) return undefined;
    try {
      const open = await readJournal(hold.knex, scratch);
      if (!open) return await dropLeftover(hold, scratch);
      const { journal, state } = open;
      name = journal.name;
      if (state === 'kept') return { message: kept(scratch, name) };
      if (!(await othersAreGone(hold, name))) return { message: busy(scratch, name), unsettled: name };
      const work: Work = {
        context,
        knex: hold.knex,
        journal,
        programs,
        signal: new AbortController().signal,
      };
      return { message: await settle(work, state) };
    } finally {
      await hold.release();
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (name === undefined)
      return { message: `${scratch} was left by a run that was killed, and could not be dropped: ${reason}` };
    return {
      message: `The replacement of ${name} was cut off, and could not be settled: ${reason}. Everything is still there: in ${name}, ${scratch}, and ${scratch.replace('_restore_', '_old_')}`,
      unsettled: name,
    };
  }
}

async function dropLeftover({ knex }: Hold, scratch: string): Promise<Leftover | undefined> {
  // Its run may have ended well since it was seen.
  if (!(await databaseExists(knex, scratch))) return undefined;
  await dropDatabase(knex, scratch);
  return { message: `Dropped ${scratch}, which a run that was killed had left` };
}

/** Neither another restore of the same name nor a client program of the dead run is at work. */
async function othersAreGone(hold: Hold, name: string): Promise<boolean> {
  if (!(await hold.take(targetLock(name), 0))) return false;
  if (!(await hold.take(loaderLock(name), LOADER_SECONDS))) return false;
  await hold.giveBack(loaderLock(name));
  return true;
}

async function settle(work: Work, state: 'begun' | 'stands'): Promise<string> {
  const { name, fresh } = work.journal;
  const cutOff = `The replacement of ${name} by a restore was cut off`;
  if (state === 'begun') {
    if (!(await hasMoved(work))) {
      await takeBack(work, { keep: false });
      await dropDatabase(work.knex, fresh);
      return `${cutOff}. It was taken back: ${name} is as it was`;
    }
    try {
      await goForward(work);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      await takeBack(work, { keep: true });
      return `${cutOff} and could not be finished: ${reason}. ${name} is as it was; the restored tables are in ${fresh}, with what was written into them since: drop it when nobody needs that`;
    }
  }
  await finish(work);
  return `${cutOff}. It was finished: ${name} has its new content`;
}

function waiting(scratch: string, name: string | undefined): string {
  if (name === undefined)
    return `${scratch} was left by a run that was killed; the next backup or restore drops it`;
  return `The replacement of ${name} by a restore was cut off; the next backup or restore settles it (${scratch})`;
}

function kept(scratch: string, name: string): string {
  return `${scratch} holds tables that had been restored as ${name} before that was taken back: drop it when nobody needs them`;
}

function busy(scratch: string, name: string): string {
  return `The replacement of ${name} by a restore was cut off, and cannot be settled yet: another session is at work on it (${scratch})`;
}

function orphaned(scratch: string): string {
  return `${scratch} holds former tables, and no journal tells of which database: look into it, then drop it`;
}

function foreign(scratch: string): string {
  return `${scratch} was made on another server, or by another version of vya: drop it when no restore is at work there`;
}
