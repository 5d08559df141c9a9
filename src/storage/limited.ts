/**
 * Runs `work` for every item, at most `limit` at a time, and returns the results in the order of the items. The first error
 * ends it once what has begun is over.
 */
export async function mapLimited<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let failed = false;
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    // The iterator is shared: each worker takes the next item that nobody has taken.
    for (const [index, item] of queue) {
      if (failed) return;
      try {
        results[index] = await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return results;
}
