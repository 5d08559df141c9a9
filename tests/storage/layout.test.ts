import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assertSuffix,
  backupId,
  directoryOf,
  fileStem,
  formatTimestamp,
  parseBackupName,
  parseTimestamp,
} from '../../src/storage/layout.ts';

const at = new Date('2026-01-09T02:00:00.999Z');

describe('where backups lie', () => {
  it('puts databases and accounts into places that cannot meet', () => {
    expect(backupId({ instance: 'prod', database: 'shop' }, at)).toBe('prod/shop/20260109T020000Z');
    expect(backupId({ instance: 'prod', database: null }, at, 2)).toBe('prod/@accounts/20260109T020000Z-2');
    expect(directoryOf('/base', { instance: 'prod', database: '@accounts' })).toBe('/base/prod/%40accounts');
    expect(directoryOf('/base', { instance: 'prod', database: '../../etc' })).toBe(
      '/base/prod/%2E.%2F..%2Fetc',
    );
  });

  it.each(['', '.', '..', '../x', 'a/b', '.locks', '.staging', 'Prod', '-x', 'a'.repeat(65)])(
    'refuses %j as an instance’s id',
    (instance) => {
      expect(() => directoryOf('/base', { instance, database: 'shop' })).toThrow(
        expect.objectContaining({ kind: 'usage' }),
      );
    },
  );

  it('leaves room for the suffix behind the longest database names', () => {
    for (const database of ['日'.repeat(64), '/'.repeat(64), 'x'.repeat(1000)]) {
      const name = `${fileStem({ instance: 'prod', database }, at)}.12-${'x'.repeat(28)}.sql.zst`;
      expect(() => assertSuffix(name.slice(name.indexOf('Z.') + 1))).not.toThrow();
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
    }
    expect(fileStem({ instance: 'prod', database: '日'.repeat(64) }, at)).toBe(
      `${'日'.repeat(64)}_20260109T020000Z`,
    );
    expect(fileStem({ instance: 'prod', database: null }, at)).toBe('accounts_20260109T020000Z');
  });

  it.each(['sql', '.', '..', './x', '.sql/../x', '.a\nb', '. sql', `.${'x'.repeat(40)}`])(
    'refuses the suffix %j',
    (suffix) => {
      expect(() => assertSuffix(suffix)).toThrow(expect.objectContaining({ kind: 'unexpected' }));
    },
  );
});

describe('timestamps', () => {
  it('are UTC, in whole seconds, and read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) / 1000 }), (seconds) => {
        const date = new Date(seconds * 1000);
        expect(parseTimestamp(formatTimestamp(date))).toEqual(date);
      }),
    );
    expect(formatTimestamp(at)).toBe('20260109T020000Z');
  });

  it.each([
    '20260230T000000Z',
    '20260101T240000Z',
    '20261301T000000Z',
    '20260109T020000',
    '2026-01-09T02:00:00Z',
    '',
  ])('does not take %j for one', (text) => expect(parseTimestamp(text)).toBeUndefined());

  it('carry a number from the second backup of one second on', () => {
    expect(parseBackupName('20260109T020000Z')).toEqual({
      takenAt: new Date('2026-01-09T02:00:00Z'),
      sequence: 1,
    });
    expect(parseBackupName('20260109T020000Z-12')?.sequence).toBe(12);
    for (const odd of [
      '20260109T020000Z-1',
      '20260109T020000Z-0',
      '20260109T020000Z-02',
      '20260109T020000Z-',
      'x',
    ]) {
      expect(parseBackupName(odd), odd).toBeUndefined();
    }
  });

  it('refuse a year that four digits cannot hold', () => {
    expect(() => formatTimestamp(new Date(Date.UTC(10_000, 0, 1)))).toThrow(
      expect.objectContaining({ kind: 'unexpected' }),
    );
  });
});
