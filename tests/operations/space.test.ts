import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Inventory, inventorySchema } from '../../src/model/inventory.ts';
import { assertSpaceFor, expectedSize } from '../../src/operations/backup/space.ts';
import { freeSpace } from '../../src/storage/free-space.ts';
import { makeBackup, scratchDirectory, shop } from '../storage/scratch.ts';

const lists = ['tables', 'views', 'routines', 'triggers', 'events', 'sequences', 'extensions'];

/** Of a database that takes so many bytes on its server, and holds nothing. */
function sized(sizeBytes: number): Inventory {
  return inventorySchema.parse({
    ...Object.fromEntries(lists.map((name) => [name, []])),
    needs: {},
    database: { encoding: 'utf8mb4', collation: 'utf8mb4_bin', sizeBytes },
  });
}

test('a first backup is expected to take a part of its database', async () => {
  expect(await expectedSize(await scratchDirectory(), shop, sized(1_000_000))).toBe(300_000);
});

test('a later one is expected to compress as the last one did, with a reserve', async () => {
  const base = await scratchDirectory();
  await makeBackup(base, { content: 'x'.repeat(1000), draft: { inventory: sized(10_000) } });
  expect(await expectedSize(base, shop, sized(10_000))).toBeCloseTo(1200);
  expect(await expectedSize(base, shop, sized(40_000))).toBeCloseTo(4800);
});

test('where the sizes of last time were wrong by far, the backup is not refused for what cannot be', async () => {
  const base = await scratchDirectory();
  await makeBackup(base, { content: 'x'.repeat(1000), draft: { inventory: sized(16) } });
  expect(await expectedSize(base, shop, sized(2600))).toBeCloseTo(3120);
  expect(await expectedSize(base, shop, sized(20))).toBeCloseTo(1200);
});

test('without a size to compare with, the last one is expected again', async () => {
  const base = await scratchDirectory();
  const { path } = await makeBackup(base, { content: 'x'.repeat(1000), draft: { inventory: sized(0) } });
  expect(await expectedSize(base, shop, sized(40_000))).toBeCloseTo(1200);
  await writeFile(join(path, 'manifest.json'), '{');
  expect(await expectedSize(base, shop, sized(40_000))).toBe(12_000);
});

test('a dump for which there is no room is refused beforehand, with both figures (F29)', async () => {
  const base = await scratchDirectory();
  const { freeBytes } = await freeSpace(base);
  await expect(assertSpaceFor(base, shop, sized(1_000_000))).resolves.toBeUndefined();
  await expect(assertSpaceFor(base, shop, sized(freeBytes * 10))).rejects.toMatchObject({
    kind: 'storage',
    message: expect.stringMatching(/has \d+ MB free, and the backup of shop will take about \d+ MB/),
  });
});
