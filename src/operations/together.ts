import { forEachLimited } from './many.ts';

/**
 * Runs `work` for every item, at most `limit` at a time, in their order. The first failure ends those that are at work (by the signal
 * that they get), and is thrown once they have ended.
 */
export async function together<T>(
  items: readonly T[],
  limit: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const failures: unknown[] = [];
  await forEachLimited(items, Math.max(1, limit), async (item) => {
    if (either.aborted) return;
    try {
      await work(item, either);
    } catch (error) {
      failures.push(error);
      failure.abort();
    }
  });
  signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
}
