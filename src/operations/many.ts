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

/**
 * The same where an item may count for several: the weights of those at work add up to no more than `limit`, and the heaviest begin
 * first, so that none of them is left to the end.
 */
export async function forEachWeighted<T, R>(
  items: readonly T[],
  limit: number,
  weightOf: (item: T) => number,
  work: (item: T, weight: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items
    .map((item, index) => ({ item, index, weight: Math.max(1, Math.min(limit, weightOf(item))) }))
    .toSorted((a, b) => b.weight - a.weight);
  const working = new Set<Promise<void>>();
  let free = limit;
  for (const { item, index, weight } of queue) {
    while (working.size > 0 && free < weight) await Promise.race(working);
    free -= weight;
    const job = work(item, weight).then((result) => {
      results[index] = result;
      free += weight;
      working.delete(job);
    });
    // It is awaited below; until then another may end everything.
    job.catch(() => {});
    working.add(job);
  }
  await Promise.all(working);
  return results;
}
