import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recommendedLevel, tookOf } from '../../scripts/bench/recommended-level.ts';
import type { Results } from '../../scripts/bench/results.ts';
import { zstdLevels } from '../../scripts/bench/row-codecs.ts';
import { storageSchema } from '../../src/config/schema.ts';

test('a level is recommended while its step saves enough room for its time', () => {
  const [first, second] = [
    { level: 1, cpu: 10, disk: 100 },
    { level: 2, cpu: 12, disk: 98 },
  ];
  expect(recommendedLevel([first])).toBe(1);
  expect(recommendedLevel([first, second])).toBe(2);
  expect(recommendedLevel([first, { ...second, cpu: 12.1 }])).toBe(1);
  expect(recommendedLevel([first, { level: 2, cpu: 14, disk: 99 }, { level: 3, cpu: 14, disk: 50 }])).toBe(1);
  expect(recommendedLevel([])).toBeUndefined();
});

test('only levels that were measured are looked at', () => {
  const level = (name: string, disk?: number) => {
    const runs = disk === undefined ? [] : [{ wall: 1, cpu: 1, disk }];
    return { name, vya: false, command: name, runs };
  };
  const names = new Map([1, 2, 3].map((each) => [each, `-${each}`]));
  const took = tookOf([level('-1'), level('-2', 100), level('other', 1)], names);
  expect(took).toEqual([{ level: 2, cpu: 1, disk: 100 }]);
});

test('the default level is what the committed benchmark recommends, on the dumps of both engines', async () => {
  const file = join(import.meta.dirname, '../../docs/benchmarks.json');
  const { comparisons } = JSON.parse(await readFile(file, 'utf8')) as Results;
  const measured = comparisons.filter(({ row }) => row === 'codecs');
  const recommended = measured.map(({ contestants }) => recommendedLevel(tookOf(contestants, zstdLevels)));
  const { compression_level: level } = storageSchema.parse({});
  expect(recommended).toEqual([level, level]);
});
