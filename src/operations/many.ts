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

/** A place among those at work. */
export interface Slot {
  /** Waits until there is room for it; where it is in already, for nothing. */
  enter(): Promise<void>;
  /** Makes room for the next one. */
  leave(): void;
}

/** Those that prepare themselves or tidy up, beside as many as there may be at work, or as this. */
const leastBeside = 2;

/**
 * The same where an item may count for several: the weights of those in their slots add up to no more than `limit`, and the heaviest
 * begin first, so that none of them is left to the end. `work` may do something before it enters its slot and after it has left it,
 * while others are at work: it must not need what the limit is for. Whoever has not entered when `work` ends did without.
 */
export async function forEachWeighted<T, R>(
  items: readonly T[],
  limit: number,
  weightOf: (item: T) => number,
  work: (item: T, weight: number, slot: Slot) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items
    .map((item, index) => ({ item, index, weight: Math.max(1, Math.min(limit, weightOf(item))) }))
    .toSorted((a, b) => b.weight - a.weight);
  const most = limit + Math.max(limit, leastBeside);
  const slots = shareOut(limit);
  const working = new Set<Promise<void>>();
  try {
    for (const { item, index, weight } of queue) {
      while (working.size >= most) await Promise.race(working);
      const slot = slots.of(weight);
      const job = work(item, weight, slot).then((result) => {
        results[index] = result;
        working.delete(job);
        slot.leave();
      });
      // It is awaited below; until then another may end everything.
      job.catch(() => {});
      working.add(job);
    }
    await Promise.all(working);
  } catch (error) {
    slots.close(error);
    throw error;
  }
  return results;
}

/** Slots are given in the order in which they are asked for: a heavy one is not passed by lighter ones for ever. */
function shareOut(limit: number): { of(weight: number): Slot; close(reason: unknown): void } {
  const waiting: { weight: number; resolve: () => void; reject: (reason: unknown) => void }[] = [];
  let free = limit;
  const give = (): void => {
    for (let next = waiting[0]; next && next.weight <= free; next = waiting[0]) {
      waiting.shift();
      free -= next.weight;
      next.resolve();
    }
  };
  return {
    of(weight) {
      let inside = false;
      return {
        async enter() {
          if (inside) return;
          await new Promise<void>((resolve, reject) => {
            waiting.push({ weight, resolve, reject });
            give();
          });
          inside = true;
        },
        leave() {
          if (!inside) return;
          inside = false;
          free += weight;
          give();
        },
      };
    },
    /** Nobody waits for what has failed. */
    close: (reason) => waiting.splice(0).forEach(({ reject }) => reject(reason)),
  };
}
