/**
 * Runs `work` for every item, at most `limit` at a time, and returns the results in the order of the items. `work` is
 * expected to turn its failures into results; what it throws ends everything.
 */
export async function forEachLimited<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    // The iterator is shared: each worker takes the next item that nobody has taken.
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
