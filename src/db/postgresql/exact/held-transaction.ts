import { VyaError } from '../../../errors.ts';
import type { InstanceTarget } from '../../../model/instance.ts';
import { openDatabase, type Query } from '../session.ts';

/** Everything in one such transaction sees the same moment. */
export const ONE_MOMENT = 'ISOLATION LEVEL REPEATABLE READ READ ONLY';

export interface HeldTransaction {
  query: Query;
  /** Ends the transaction; with `cutOff` also a query that still runs in it. Ending it again does nothing. */
  end(cutOff: boolean): Promise<void>;
}

/**
 * Begins a transaction of one moment in a session of its own, which stays open until it is ended. An abort ends it, too.
 *
 * @throws VyaError `connection`
 */
export async function holdTransaction(
  target: InstanceTarget,
  name: string,
  signal: AbortSignal,
): Promise<HeldTransaction> {
  const ending = new AbortController();
  const database = await openDatabase(target, name, AbortSignal.any([signal, ending.signal]));
  const begun = Promise.withResolvers<Query>();
  const released = Promise.withResolvers<void>();
  const life = database.transaction(async (query) => {
    begun.resolve(query);
    await released.promise;
  }, ONE_MOMENT);
  life.catch(begun.reject);
  let ended: Promise<void> | undefined;
  const end = (cutOff: boolean): Promise<void> => (ended ??= finish(cutOff));
  const finish = async (cutOff: boolean): Promise<void> => {
    if (cutOff) ending.abort(new VyaError('failed', `${target.id}/${name}: the snapshot was closed`));
    released.resolve();
    await life.catch(() => {});
    await database.close();
  };
  try {
    return { query: await begun.promise, end };
  } catch (error) {
    await end(true);
    throw error;
  }
}
