import { expect, test } from 'vitest';
import type { TableMeasure } from '../../src/db/snapshot.ts';
import { inventorySchema, type Inventory, type TableDigest } from '../../src/model/inventory.ts';
import { compareRestored, withMeasures } from '../../src/operations/restore/compare-contents.ts';

function inventory(...names: string[]): Inventory {
  const none = {
    views: [],
    routines: [],
    triggers: [],
    events: [],
    sequences: [],
    extensions: [],
    needs: {},
  };
  const tables = names.map((name) => ({ schema: 'shop', name, rows: 100, exact: false }));
  const database = { encoding: 'UTF8', collation: 'C', sizeBytes: 1 };
  return inventorySchema.parse({ ...none, tables, database });
}

const digest = (value: string, more: Partial<TableDigest> = {}): TableDigest => ({
  method: 'm',
  value,
  fragile: [],
  ...more,
});
const measure = (name: string, rows: number, of: TableDigest): TableMeasure => ({
  schema: 'shop',
  name,
  rows,
  digest: of,
});
const float = (value: string) => ({ fragile: [{ column: 'amount', type: 'FLOAT', value }] });

test('estimates prove nothing: without measures on both sides only objects are compared', () => {
  const measured = withMeasures(inventory('a'), [measure('a', 2, digest('x'))]);
  const nothing = { objects: [], contents: [], compared: 'objects', exceptions: [] };
  expect(compareRestored(inventory('a'), inventory('a'))).toEqual(nothing);
  expect(compareRestored(inventory('a'), measured)).toEqual(nothing);
  expect(compareRestored(measured, inventory('a'))).toEqual(nothing);
});

test('equal counts and digests agree, in every table', () => {
  const measured = withMeasures(inventory('a', 'b'), [
    measure('a', 2, digest('x', float('1'))),
    measure('b', 0, digest('y')),
  ]);
  expect(compareRestored(measured, measured)).toEqual({
    objects: [],
    contents: [],
    compared: 'contents',
    exceptions: [],
  });
  expect(measured.tables.map(({ rows, exact }) => [rows, exact])).toEqual([
    [2, true],
    [0, true],
  ]);
});

test('other counts, and other values in as many rows, are differences that name the table', () => {
  const source = withMeasures(inventory('a', 'b'), [
    measure('a', 5, digest('x')),
    measure('b', 1, digest('y')),
  ]);
  const copy = withMeasures(inventory('a', 'b'), [
    measure('a', 4, digest('z')),
    measure('b', 1, digest('z')),
  ]);
  expect(compareRestored(source, copy).contents).toEqual([
    'table shop.a has 4 rows instead of 5',
    'table shop.b holds other values than its source',
  ]);
});

test('(F53) columns that no dump carries faithfully are exceptions where they differ, and no differences', () => {
  const of = (value: string) => withMeasures(inventory('a'), [measure('a', 1, digest('x', float(value)))]);
  expect(compareRestored(of('1'), of('2'))).toMatchObject({
    contents: [],
    compared: 'contents',
    exceptions: ['shop.a.amount (FLOAT)'],
  });
  expect(compareRestored(of('1'), of('1')).exceptions).toEqual([]);
  const without = withMeasures(inventory('a'), [measure('a', 1, digest('x'))]);
  expect(compareRestored(of('1'), without).exceptions).toEqual(['shop.a.amount (FLOAT)']);
  expect(compareRestored(without, of('1')).exceptions).toEqual(['shop.a.amount (FLOAT)']);
});

test('digests of different methods say nothing: then rows are counted, and that is what is told', () => {
  const [here, there] = [{ method: 'mysql' }, { method: 'mariadb' }];
  const all = (rows: number, more: object) =>
    withMeasures(inventory('a'), [measure('a', rows, digest('x', more))]);
  expect(compareRestored(all(1, here), all(1, there))).toMatchObject({
    contents: [],
    compared: 'counts',
    exceptions: [],
  });
  expect(compareRestored(all(1, here), all(2, there)).contents).toEqual([
    'table shop.a has 2 rows instead of 1',
  ]);

  const some = (more: object) =>
    withMeasures(inventory('a', 'b'), [measure('a', 1, digest('x')), measure('b', 1, digest('y', more))]);
  expect(compareRestored(some(here), some(there))).toMatchObject({
    compared: 'contents',
    exceptions: ['shop.b (rows only counted)'],
  });
});

test('a table that was not measured is an exception, unless it holds no rows of its own', () => {
  const source = inventory('a', 'unlogged', 'parent');
  const parent = source.tables[2];
  if (parent) parent.rows = null;
  const measured = withMeasures(source, [measure('a', 1, digest('x'))]);
  expect(compareRestored(measured, measured)).toMatchObject({
    compared: 'contents',
    exceptions: ['shop.unlogged (not compared)'],
  });
});

test('a table that only the copy could count is an exception: a standby has no rows of unlogged tables', () => {
  const source = inventory('unlogged');
  for (const table of source.tables) table.rows = null;
  const standby = withMeasures(source, []);
  const copy = withMeasures(source, [measure('unlogged', 0, digest('x'))]);
  expect(compareRestored(standby, copy).exceptions).toEqual(['shop.unlogged (not compared)']);
});

test('tables that only the measures know count, too', () => {
  const source = withMeasures(inventory(), [measure('queue', 1, digest('x'))]);
  expect(compareRestored(source, withMeasures(inventory(), []))).toMatchObject({
    objects: ['table shop.queue is missing'],
  });
});

test('an empty database that was measured is compared whole', () => {
  const empty = withMeasures(inventory(), []);
  expect(compareRestored(empty, empty)).toMatchObject({ compared: 'contents', exceptions: [] });
});
