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
            async (item, weight, slot) => {
              await s.schedule(Promise.resolve());
              await slot.enter();
              await slot.enter();
              atWork += weight;
              most = Math.max(most, atWork);
              await s.schedule(Promise.resolve());
              atWork -= weight;
              if (item % 2 === 0) slot.leave();
              await s.schedule(Promise.resolve());
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
      async (name, _weight, slot) => {
        await slot.enter();
        begun.push(name);
      },
    );
    expect(begun).toEqual(['b4', 'd2', 'a1', 'c1']);
  });

  it.each([
    [1, 3],
    [2, 4],
    [4, 8],
  ])(
    'with %i at work there are %i at the most that prepare themselves, work or tidy up',
    async (limit, most) => {
      const begun: number[] = [];
      const entered: number[] = [];
      const ends: (() => void)[] = [];
      const count = 12;
      const done = forEachWeighted(
        Array.from({ length: count }, (_, index) => index),
        limit,
        () => 1,
        async (item, _weight, slot) => {
          begun.push(item);
          await slot.enter();
          entered.push(item);
          slot.leave();
          slot.leave();
          await new Promise<void>((resolve) => ends.push(resolve));
          return item;
        },
      );
      for (let ended = 0; ended < count; ended += 1) {
        await expect.poll(() => entered.length).toBe(Math.min(count, ended + most));
        expect(begun).toHaveLength(entered.length);
        ends[ended]?.();
      }
      expect(await done).toEqual(Array.from({ length: count }, (_, index) => index));
    },
  );

  it('lets others prepare themselves while one is at work, and in when it leaves', async () => {
    const seen: string[] = [];
    const leaving: (() => void)[] = [];
    const done = forEachWeighted(
      ['a', 'b', 'c', 'd'],
      1,
      () => 1,
      async (name, _weight, slot) => {
        seen.push(`${name} prepares`);
        await slot.enter();
        seen.push(`${name} works`);
        await new Promise<void>((resolve) => leaving.push(resolve));
        slot.leave();
      },
    );
    await expect.poll(() => leaving.length).toBe(1);
    expect(seen).toEqual(['a prepares', 'b prepares', 'c prepares', 'a works']);
    for (let left = 0; left < 4; left += 1) {
      await expect.poll(() => leaving.length).toBe(left + 1);
      leaving[left]?.();
    }
    await done;
    expect(seen.filter((each) => each.endsWith('works'))).toEqual([
      'a works',
      'b works',
      'c works',
      'd works',
    ]);
  });

  it('wakes those who wait for their slot when another has failed', async () => {
    const ends: unknown[] = [];
    const fails = forEachWeighted(
      [1, 2],
      1,
      () => 1,
      async (item, _weight, slot) => {
        try {
          await slot.enter();
          await new Promise<void>((resolve) => setImmediate(resolve));
          throw new Error(`item ${item}`);
        } catch (error) {
          ends.push(error);
          throw error;
        }
      },
    );
    await expect(fails).rejects.toThrow('item 1');
    await expect.poll(() => ends.length).toBe(2);
    expect(ends[1]).toBe(ends[0]);
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
