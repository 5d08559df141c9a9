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
 * first, so that none of them is left to the end. What calls `leave` makes room for the next one before it has ended; of these there
 * are as many again at the most.
 */
export async function forEachWeighted<T, R>(
  items: readonly T[],
  limit: number,
  weightOf: (item: T) => number,
  work: (item: T, weight: number, leave: () => void) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items
    .map((item, index) => ({ item, index, weight: Math.max(1, Math.min(limit, weightOf(item))) }))
    .toSorted((a, b) => b.weight - a.weight);
  const working = new Set<Promise<void>>();
  let free = limit;
  let wake = (): void => {};
  for (const { item, index, weight } of queue) {
    while (working.size > 0 && (free < weight || working.size >= 2 * limit)) {
      await Promise.race([...working, new Promise<void>((resolve) => (wake = resolve))]);
    }
    free -= weight;
    let left = false;
    const leave = (): void => {
      if (!left) free += weight;
      left = true;
      wake();
    };
    const job = work(item, weight, leave).then((result) => {
      results[index] = result;
      working.delete(job);
      leave();
    });
    // It is awaited below; until then another may end everything.
    job.catch(() => {});
    working.add(job);
  }
  await Promise.all(working);
  return results;
}
