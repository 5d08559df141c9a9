import { describe, expect, test } from 'vitest';
import { clip, displayWidth } from '../../src/cli/output/display-width.ts';
import { renderTable, type Table } from '../../src/cli/output/table.ts';

test('columns are as wide as their widest cell', () => {
  const rows = [
    ['shop', '1 B'],
    ['a', '100 B'],
  ];
  expect(renderTable({ header: ['NAME', 'SIZE'], rows, right: ['SIZE'] })).toBe(
    'NAME   SIZE\nshop    1 B\na     100 B',
  );
});

test.each([
  ['shop', 4],
  ['店舗', 4],
  ['ｼｮｯﾌﾟ', 5],
  ['가게', 4],
  ['café', 4],
  ['cafe\u0301', 4],
  ['😀', 2],
  ['👩‍👩‍👧', 2],
  ['❤️', 2],
  ['🇧🇷', 2],
  ['…', 1],
  ['', 0],
])('%s takes %d columns', (text, columns) => {
  expect(displayWidth(text)).toBe(columns);
});

test('a text is cut between characters, and never in the middle of a wide one', () => {
  expect(clip('shopping', 5)).toBe('shop…');
  expect(clip('店舗データ', 6)).toBe('店舗…');
  expect(clip('👩‍👩‍👧👩‍👩‍👧', 3)).toBe('👩‍👩‍👧…');
  expect(clip('shop', 4)).toBe('shop');
});

test('wide, combining and plain names stand in the same columns', () => {
  const rows = ['shop', '店舗', 'cafe\u0301', '😀'].map((name) => [name, 'ok']);
  const lines = renderTable({ header: ['DATABASE', 'STATUS'], rows }).split('\n');
  const before = lines.map((line) => displayWidth(line.slice(0, /ok|STATUS/.exec(line)!.index)));
  expect(new Set(before)).toEqual(new Set([10]));
});

describe('a table on a terminal', () => {
  const table: Table = {
    header: ['TAKEN', 'SIZE', 'NOTES', 'EMPTY', 'BACKUP'],
    rows: [
      [
        '2026-01-09 02:00:00Z',
        '1.4 GB',
        'proven except prices.amount (FLOAT), pinned',
        '',
        'prod/shop/20260109T020000Z',
      ],
      ['2026-01-08 02:00:00Z', '12 kB', '', '', 'prod/shop/20260108T020000Z'],
    ],
    right: ['SIZE'],
    fold: ['NOTES'],
    drop: ['EMPTY', 'TAKEN', 'SIZE'],
  };
  const whole = renderTable(table);

  test('that is wide enough, or none, changes nothing', () => {
    expect(renderTable(table, 200)).toBe(whole);
    expect(whole).toContain('proven except prices.amount (FLOAT), pinned');
  });

  test('is cut where it may be cut', () => {
    const lines = renderTable(table, 90).split('\n');
    expect(lines[1]).toMatch(
      /^2026-01-09 02:00:00Z {2}1\.4 GB {2}proven except .+… +prod\/shop\/20260109T020000Z$/,
    );
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(90);
  });

  test('that is narrow leaves columns out and says so, and never hides an id', () => {
    for (const columns of [60, 50]) {
      const lines = renderTable(table, columns).split('\n');
      expect(lines[1]).toContain('prod/shop/20260109T020000Z');
      expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(columns);
      expect(lines.at(-1)).toMatch(/^\(no room for TAKEN(, SIZE)?\)$/);
    }
    expect(renderTable(table, 10)).toContain('prod/shop/20260108T020000Z');
  });
});
