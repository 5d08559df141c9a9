import type { InstanceTarget } from '../../../model/instance.ts';
import { parseScratchName, scratchPrefix } from '../../../model/scratch-names.ts';
import type { ServerInfo } from '../../adapter.ts';
import type { Leftover, RecoverRequest } from '../../replacement.ts';
import { databaseExists, dropScratch } from '../databases.ts';
import { isFree, runLock, tryHold } from './hold.ts';
import { readJournal, reopen } from './journal.ts';
import type { Database } from '../session.ts';

/**
 * Looks through vya's scratch databases for those that belong to nobody any more: opens what their runs had closed, and drops them.
 * A failure with one does not stop the others: it is told.
 */
export async function recover(
  main: Database,
  target: InstanceTarget,
  server: ServerInfo,
  { act }: RecoverRequest,
): Promise<Leftover[]> {
  const found = await main.query<{ name: string }>(
    'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1) ORDER BY 1',
    [scratchPrefix],
  );
  const leftovers: Leftover[] = [];
  for (const { name } of found) {
    const leftover = await settleOne(main, target, name, act && !server.replica);
    if (leftover) leftovers.push(leftover);
  }
  return leftovers;
}

async function settleOne(
  main: Database,
  target: InstanceTarget,
  scratch: string,
  act: boolean,
): Promise<Leftover | undefined> {
  const parsed = parseScratchName(scratch);
  if (!parsed) return { message: unknown(scratch) };
  if (!(await isFree(main.query, runLock(scratch)))) return undefined;
  const journal = await readJournal(main.query, scratch);
  if (parsed.purpose === 'old' && !(journal && 'replaced' in journal)) return { message: unknown(scratch) };
  if (!act)
    return {
      message: `${scratch} was left by a run that was killed; the next backup or restore clears it away`,
    };
  try {
    return await clear(target, scratch);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { message: `${scratch} was left by a run that was killed, and could not be dropped: ${reason}` };
  }
}

async function clear(target: InstanceTarget, scratch: string): Promise<Leftover | undefined> {
  const hold = await tryHold(target, scratch);
  if (!hold) return undefined;
  const { database } = hold;
  try {
    // Its run may have ended well since it was seen.
    if (!(await databaseExists(database, scratch))) return undefined;
    const journal = await readJournal(database.query, scratch);
    const opened = await reopen(database, scratch);
    await dropScratch(database, target, scratch);
    if (opened !== undefined) {
      return {
        message: `A restore was killed while it replaced ${opened}, which is as it was, and open to connections again; dropped ${scratch}`,
      };
    }
    if (journal && 'replaced' in journal) {
      return {
        message: `Dropped ${scratch}, which a restore of ${journal.replaced} had replaced before it was killed`,
      };
    }
    return { message: `Dropped ${scratch}, which a run that was killed had left` };
  } finally {
    await hold.release();
  }
}

function unknown(scratch: string): string {
  return `${scratch} has a name of vya's, but nothing tells what it is for: look into it, then drop it`;
}
