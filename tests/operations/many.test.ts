import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobsFor } from '../../src/operations/backup/jobs-for.ts';
import { forEachWeighted } from '../../src/operations/many.ts';

describe('work that is shared out by weight', () => {
  it('is all done, in the order of the items, and never more of it at once than the limit', async () => {
    const weights = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(weights, fc.integer({ min: 1, max: 8 }), fc.scheduler(), async (items, limit, s) => {
        let [atWork, most] = [0, 0];
        const work = s.waitFor(
          forEachWeighted(
            items,
            limit,
            (item) => item,
            async (item, weight) => {
              atWork += weight;
              most = Math.max(most, atWork);
              await s.schedule(Promise.resolve());
              atWork -= weight;
              return [item, weight];
            },
          ),
        );
        const done = await work;
        expect(done).toEqual(items.map((item) => [item, Math.max(1, Math.min(limit, item))]));
        expect(most).toBeLessThanOrEqual(limit);
        expect(atWork).toBe(0);
      }),
    );
  });

  it('begins with what is heaviest, and otherwise keeps the order', async () => {
    const begun: string[] = [];
    await forEachWeighted(
      ['a1', 'b4', 'c1', 'd2'],
      4,
      (name) => Number(name[1]),
      async (name) => {
        begun.push(name);
      },
    );
    expect(begun).toEqual(['b4', 'd2', 'a1', 'c1']);
  });

  it('lets the next one begin when one leaves, and as many again at the most have not ended', async () => {
    const ends: (() => void)[] = [];
    const done = forEachWeighted(
      Array.from({ length: 9 }, (_, index) => index),
      2,
      () => 1,
      async (item, _weight, leave) => {
        leave();
        leave();
        await new Promise<void>((resolve) => ends.push(resolve));
        return item;
      },
    );
    for (let ended = 0; ended < 9; ended += 1) {
      await expect.poll(() => ends.length).toBe(Math.min(9, ended + 4));
      ends[ended]?.();
    }
    expect(await done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('ends with the first failure', async () => {
    const fails = forEachWeighted(
      [1, 2],
      1,
      () => 1,
      async (item) => {
        throw new Error(`item ${item}`);
      },
    );
    await expect(fails).rejects.toThrow('item 1');
  });
});

describe('the jobs of one database', () => {
  it.each([
    [10, 4, 1],
    [63, 4, 1],
    [64, 4, 2],
    [100, 4, 3],
    [10_000, 4, 4],
    [10_000, 1, 1],
  ])('%i MB take of %i jobs %i', (size, jobs, taken) => {
    expect(jobsFor(size * 1e6, { jobs, parallelBytes: 64e6 })).toBe(taken);
  });
});
