import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupTables, piecesWanted } from '../../src/db/mysql/dump/grouping.ts';
import { conditions, evenBounds } from '../../src/db/mysql/dump/key-ranges.ts';

const mega = 1024 * 1024;
const sizes = fc.array(fc.oneof(fc.nat(3 * mega), fc.nat(900 * mega)), { minLength: 1, maxLength: 60 });
const tablesOf = (all: readonly number[]) => all.map((bytes, index) => ({ name: `t${index}`, bytes }));

/** Ranges for those tables that want some and, by `divisible`, can have them. */
function rangesOf(wanted: ReadonlyMap<string, number>, divisible: (name: string) => boolean) {
  const some = [...wanted].filter(([name]) => divisible(name));
  return new Map(
    some.map(([name, pieces]) => [name, Array.from({ length: pieces }, (_, n) => `${name} ${n}`)]),
  );
}

describe('streams', () => {
  it('hold every table whole in one of them, or each of its ranges in one', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 2, max: 16 }), fc.boolean(), (all, jobs, even) => {
        const tables = tablesOf(all);
        const ranges = rangesOf(
          piecesWanted(tables, jobs),
          (name) => (Number(name.slice(1)) % 2 === 0) === even,
        );
        const streams = groupTables(tables, jobs, ranges);
        const whole = streams
          .filter(({ where }) => where === undefined)
          .flatMap(({ tables: names }) => names);
        const divided = streams.filter(({ where }) => where !== undefined);
        expect([...whole, ...ranges.keys()].toSorted()).toEqual(tables.map(({ name }) => name).toSorted());
        expect(divided.map(({ where }) => String(where)).toSorted()).toEqual(
          [...ranges.values()].flat().toSorted(),
        );
        for (const { tables: names, where } of divided) expect(names).toEqual([where?.split(' ')[0]]);
        expect(streams.every(({ tables: names }) => names.length > 0)).toBe(true);
      }),
    );
  });

  it('are never more than twice as many as the jobs, and none is longer than two shares where all can be divided', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 2, max: 16 }), (all, jobs) => {
        const tables = tablesOf(all);
        const ranges = rangesOf(piecesWanted(tables, jobs), () => true);
        const streams = groupTables(tables, jobs, ranges);
        expect(streams.length).toBeLessThanOrEqual(2 * jobs);
        const bytesOf = new Map(tables.map(({ name, bytes }) => [name, Math.max(16_384, bytes)]));
        const share = [...bytesOf.values()].reduce((sum, bytes) => sum + bytes, 0) / jobs;
        const lengths = streams.map(({ tables: names }) => {
          const bytes = names.reduce((sum, name) => sum + (bytesOf.get(name) ?? 0), 0);
          return bytes / (ranges.get(names[0] ?? '')?.length ?? 1);
        });
        for (const length of lengths) expect(length / share).toBeLessThanOrEqual(2);
        expect(lengths).toEqual(lengths.toSorted((a, b) => b - a));
      }),
    );
  });

  it('begin with the biggest table, and need no more than there are tables', () => {
    expect(groupTables(tablesOf([1, 50, 9, 30].map((n) => n * mega)), 2, new Map())).toEqual([
      { tables: ['t1'] },
      { tables: ['t3', 't2', 't0'] },
    ]);
    expect(groupTables(tablesOf([mega]), 4, new Map())).toEqual([{ tables: ['t0'] }]);
    expect(groupTables([], 4, new Map())).toEqual([]);
  });

  it('are ranges where a table is larger than its share by a fifth', () => {
    const wanted = (...all: number[]) =>
      Object.fromEntries(piecesWanted(tablesOf(all.map((n) => n * mega)), 2));
    expect(wanted(55, 45)).toEqual({});
    expect(wanted(70, 30)).toEqual({ t0: 2 });
    expect(Object.fromEntries(piecesWanted(tablesOf([1000 * mega, mega]), 4))).toEqual({ t0: 4 });
  });
});

/** Whether a number is in a range, as a server would say. */
function contains(condition: string, value: bigint): boolean {
  return condition
    .slice(1, -1)
    .split(' AND ')
    .every((part) => {
      const [, operator, bound] = /^`id` (>=|<) (-?\d+)$/.exec(part) ?? [];
      if (bound === undefined) throw new Error(`an odd condition: ${condition}`);
      return operator === '<' ? value < BigInt(bound) : value >= BigInt(bound);
    });
}

describe('ranges of a key', () => {
  it('hold every number once, also those beyond what was there', () => {
    const number = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(number, number, number, fc.integer({ min: 2, max: 32 }), (a, b, value, pieces) => {
        const [least, most] = a < b ? [a, b] : [b, a];
        const bounds = evenBounds(least, most, pieces);
        const ranges = conditions('`id`', bounds);
        if (most - least >= BigInt(pieces)) expect(ranges).toHaveLength(pieces);
        for (const some of [value, least, most, ...bounds, ...bounds.map((bound) => bound - 1n)])
          expect(
            (ranges ?? [`(\`id\` >= ${-(2n ** 64n)})`]).filter((range) => contains(range, some)),
          ).toHaveLength(1);
      }),
    );
  });

  it('are none where there is one value', () => {
    expect(conditions('`id`', evenBounds(7n, 7n, 4))).toBeUndefined();
    expect(conditions('`id`', evenBounds(7n, 8n, 4))).toEqual(['(`id` < 8)', '(`id` >= 8)']);
  });
});
