import { describe, expect, it } from 'vitest';
import type { BackupEntry } from '../../src/storage/backup-entry.ts';
import { parseBackupName } from '../../src/storage/layout.ts';
import type { ManifestSummary } from '../../src/storage/manifest.ts';
import { selectAt, selectById, selectLatest } from '../../src/storage/select.ts';

function entry(id: string, more: { complete?: boolean; partial?: boolean } = {}): BackupEntry {
  const { complete = true, partial = false } = more;
  const [instance = '', database = '', name = ''] = id.split('/');
  const { takenAt, sequence } = parseBackupName(name) as { takenAt: Date; sequence: number };
  return {
    id,
    instance,
    database,
    kind: 'database',
    takenAt,
    sequence,
    path: `/base/${id}`,
    complete,
    pinned: false,
    proven: false,
    sizeBytes: 1,
    ...(complete ? { summary: { partial } as ManifestSummary } : {}),
  };
}

const shop = [
  entry('prod/shop/20260112T020000Z', { partial: true }),
  entry('prod/shop/20260111T020000Z', { complete: false }),
  entry('prod/shop/20260110T020000Z-2'),
  entry('prod/shop/20260110T020000Z'),
  entry('prod/shop/20260108T020000Z'),
];

describe('choosing a backup', () => {
  it('takes the latest that is complete and holds everything', () => {
    expect(selectLatest(shop).id).toBe('prod/shop/20260110T020000Z-2');
    expect(() => selectLatest(shop.slice(0, 2))).toThrow(expect.objectContaining({ kind: 'not-found' }));
    expect(() => selectLatest([])).toThrow(expect.objectContaining({ kind: 'not-found' }));
  });

  it('takes the newest begun at or before a moment', () => {
    expect(selectAt(shop, new Date('2026-02-01T00:00:00Z')).id).toBe('prod/shop/20260110T020000Z-2');
    expect(selectAt(shop, new Date('2026-01-10T02:00:00Z')).id).toBe('prod/shop/20260110T020000Z-2');
    expect(selectAt(shop, new Date('2026-01-10T01:59:59Z')).id).toBe('prod/shop/20260108T020000Z');
    expect(() => selectAt(shop, new Date('2026-01-08T01:59:59Z'))).toThrow(
      expect.objectContaining({
        kind: 'not-found',
        message: expect.stringContaining('the oldest is prod/shop/20260108T020000Z'),
      }),
    );
  });

  it('takes an id by any tail of it that fits only one, whole parts first', () => {
    const all = [...shop, entry('prod/myshop/20260108T020000Z'), entry('test/shop/20260101T020000Z')];
    expect(selectById(all, 'prod/shop/20260108T020000Z').id).toBe('prod/shop/20260108T020000Z');
    expect(selectById(all, 'shop/20260108T020000Z').id).toBe('prod/shop/20260108T020000Z');
    expect(selectById(all, '20260110T020000Z').id).toBe('prod/shop/20260110T020000Z');
    expect(selectById(all, '0Z-2').id).toBe('prod/shop/20260110T020000Z-2');
    expect(selectById(all, '20260101T020000Z/').id).toBe('test/shop/20260101T020000Z');
    expect(selectById(all, '20260112T020000Z').id).toBe('prod/shop/20260112T020000Z');
  });

  it('names the candidates when a tail fits several', () => {
    const all = [...shop, entry('prod/myshop/20260108T020000Z')];
    expect(() => selectById(all, '20260108T020000Z')).toThrow(
      expect.objectContaining({
        kind: 'usage',
        message:
          '“20260108T020000Z” fits 2 backups: prod/shop/20260108T020000Z, prod/myshop/20260108T020000Z',
      }),
    );
    const many = Array.from({ length: 30 }, (_, index) => entry(`prod/db${index}/20260108T020000Z`));
    expect(() => selectById(many, 'Z')).toThrow(
      expect.objectContaining({ message: expect.stringContaining('and 20 more') }),
    );
  });

  it('refuses tails that fit nothing, an empty one, and backups that are not complete', () => {
    for (const tail of ['20270101T000000Z', '', '/', 'shop']) {
      expect(() => selectById(shop, tail), tail).toThrow(expect.objectContaining({ kind: 'not-found' }));
    }
    expect(() => selectById(shop, '20260111T020000Z')).toThrow(
      expect.objectContaining({ kind: 'verification' }),
    );
  });
});
