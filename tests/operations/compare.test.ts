import { expect, test } from 'vitest';
import { inventorySchema, type Inventory } from '../../src/model/inventory.ts';
import { compareInventories, summarize } from '../../src/operations/restore/compare.ts';

function inventory(change: Partial<Inventory> = {}): Inventory {
  const empty = {
    tables: [],
    views: [],
    routines: [],
    triggers: [],
    events: [],
    sequences: [],
    extensions: [],
    needs: {},
  };
  return {
    ...inventorySchema.parse({ ...empty, database: { encoding: 'UTF8', collation: 'C', sizeBytes: 1 } }),
    ...change,
  };
}

const table = (name: string, rows: number, exact: boolean): Inventory['tables'][number] => ({
  schema: 'public',
  name,
  rows,
  exact,
});

test('equal inventories have no differences, whatever the estimates say', () => {
  expect(
    compareInventories(
      inventory({ tables: [table('a', 1, false)] }),
      inventory({ tables: [table('a', 9, false)] }),
    ),
  ).toEqual([]);
});

test('(F2) everything that is missing or too many is named', () => {
  const expected = inventory({
    tables: [table('a', 1, false)],
    triggers: [{ schema: 'public', name: 'audit', table: 'a' }],
    events: [{ name: 'nightly', enabled: true }],
  });
  const found = inventory({ views: [{ schema: 'public', name: 'v', materialized: false }] });
  expect(compareInventories(expected, found)).toEqual([
    'table public.a is missing',
    'view public.v was not in the source',
    'trigger public.audit on a is missing',
    'event nightly is missing',
  ]);
});

test('another encoding is a difference (F22)', () => {
  const other = inventory({ database: { encoding: 'SQL_ASCII', collation: 'C', sizeBytes: 1 } });
  expect(compareInventories(inventory(), other)).toHaveLength(2);
});

test('long lists are cut and counted', () => {
  expect(summarize(['a', 'b', 'c'], 2)).toBe('a; b; and 1 more');
});
