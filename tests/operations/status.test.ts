import { describe, expect, it } from 'vitest';
import { growthPerDay } from '../../src/operations/status/growth.ts';
import { foundInLastRun, isGone } from '../../src/operations/status/gone.ts';
import { lastFailures } from '../../src/operations/status/failures.ts';
import type { AuditRecord } from '../../src/storage/audit-trail.ts';
import type { BackupEntry } from '../../src/storage/backup-entry.ts';

const now = new Date('2026-01-31T02:00:00Z');
const who = { user: 'root', host: 'db01', pid: 1, vya: '0.1.0' };

function run(at: string, databases: AuditRecord['databases'], everything = true): AuditRecord {
  return { ...who, at, action: 'backup', result: 'ok', everything, databases };
}

function done(database: string | null): NonNullable<AuditRecord['databases']>[number] {
  return { instance: 'prod', database, result: 'ok' };
}

function entry(day: string, sizeBytes: number): BackupEntry {
  const id = `prod/shop/202601${day}T010000Z`;
  const takenAt = new Date(`2026-01-${day}T01:00:00Z`);
  const marks = { complete: true, pinned: false, proven: false };
  return {
    id,
    instance: 'prod',
    database: 'shop',
    kind: 'database',
    takenAt,
    sequence: 1,
    path: id,
    ...marks,
    sizeBytes,
  };
}

function deletion(at: string, day: string, bytes: number): AuditRecord {
  return { ...who, at, action: 'delete', result: 'ok', backup: `prod/shop/202601${day}T010000Z`, bytes };
}

describe('growth per day', () => {
  it('is what was written in a week less what was deleted of older ones', () => {
    const backups = ['25', '26', '27', '28', '29', '30', '31'].map((day) => entry(day, 700));
    expect(growthPerDay([entry('10', 50), ...backups], [], now)).toBe(700);
    const old = deletion('2026-01-30T01:00:00.000Z', '05', 4200);
    expect(growthPerDay([entry('10', 50), ...backups], [old], now)).toBe(100);
  });

  it('does not count a backup that came and went within the week', () => {
    const trail = [deletion('2026-01-30T01:00:00.000Z', '29', 700)];
    expect(growthPerDay([entry('10', 50), entry('30', 700)], trail, now)).toBe(100);
  });

  it('says nothing before the first day is over', () => {
    expect(growthPerDay([entry('31', 700)], [], now)).toBeUndefined();
    expect(growthPerDay([], [], now)).toBeUndefined();
    expect(growthPerDay([entry('29', 98)], [], now)).toBeCloseTo(48, 0);
  });
});

describe('a database that is gone', () => {
  it('is one that the last run of everything passed over', () => {
    const found = foundInLastRun([
      run('2026-01-01T00:00:00Z', [done('shop'), done('old')]),
      run('2026-01-02T00:00:00Z', [done('shop')]),
      run('2026-01-03T00:00:00Z', [done('other')], false),
    ]);
    expect([
      isGone(found, 'prod', 'old'),
      isGone(found, 'prod', 'shop'),
      isGone(found, 'prod', null),
    ]).toEqual([true, false, false]);
    expect(isGone(found, 'elsewhere', 'old')).toBe(false);
  });

  it('is none while its server could not be asked', () => {
    const unreached = { instance: 'prod', result: 'failed' as const };
    const found = foundInLastRun([
      run('2026-01-01T00:00:00Z', [done('shop')]),
      run('2026-01-02T00:00:00Z', [unreached]),
    ]);
    expect(isGone(found, 'prod', 'old')).toBe(false);
  });
});

describe('the last failure', () => {
  const failed = (
    database: string | undefined,
    message: string,
  ): NonNullable<AuditRecord['databases']>[number] => ({
    instance: 'prod',
    ...(database === undefined ? {} : { database }),
    result: 'failed',
    error: { kind: 'failed', message },
  });

  it('is the database’s own, or that of its whole instance, whichever is later', () => {
    const trail = [
      run('2026-01-01T00:00:00Z', [failed('shop', 'one')]),
      run('2026-01-02T00:00:00Z', [failed(undefined, 'two')]),
      run('2026-01-03T00:00:00Z', [failed('other', 'three')]),
    ];
    const failures = lastFailures(trail);
    expect(failures.of('prod', 'shop')?.message).toBe('two');
    expect(failures.of('prod', 'other')?.message).toBe('three');
    expect(failures.of('dev', 'other')).toBeUndefined();
  });
});
