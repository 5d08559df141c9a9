import { describe, expect, it } from 'vitest';
import { type HealthThresholds, judgeHealth } from '../../src/operations/health.ts';
import type { DatabaseStatus, StatusReport } from '../../src/operations/status.ts';

const now = new Date('2026-01-10T12:00:00Z');
const hourMs = 3_600_000;
const thresholds: HealthThresholds = {
  warningAgeMs: 26 * hourMs,
  criticalAgeMs: 50 * hourMs,
  shrinkPercent: 50,
  proofAgeMs: 0,
  fullWithinMs: 7 * 24 * hourMs,
};

function ago(hours: number): Date {
  return new Date(now.getTime() - hours * hourMs);
}

function shop(more: Partial<DatabaseStatus> = {}): DatabaseStatus {
  return {
    instance: 'prod',
    database: 'shop',
    lastGood: { id: 'prod/shop/20260110T020000Z', takenAt: ago(10), sizeBytes: 1000, durationMs: 1 },
    failedRehearsal: false,
    backups: 7,
    sizeBytes: 7000,
    standing: 'current',
    ...more,
  };
}

function report(databases: DatabaseStatus[], more: Partial<StatusReport> = {}): StatusReport {
  const storage = { path: '/backups', usedBytes: 1, backups: 1, freeBytes: 1, totalBytes: 2 };
  return { storage, databases, neverBackedUp: [], warnings: [], ...more };
}

function judged(database: DatabaseStatus, more: Partial<HealthThresholds> = {}): [string, string[]] {
  const { level, findings } = judgeHealth(report([database]), { ...thresholds, ...more }, now);
  return [level, findings.map(({ subject, message }) => `${subject} ${message}`)];
}

function lastGood(hours: number): Partial<DatabaseStatus> {
  return { lastGood: { id: 'x', takenAt: ago(hours), sizeBytes: 1000, durationMs: 1 } };
}

const failure = { at: ago(1), kind: 'connection', message: 'prod does not answer' };

describe('the verdict', () => {
  it('is ok while the last good backup is young', () => expect(judged(shop())).toEqual(['ok', []]));

  it('warns of an old one, and is critical when it is older', () => {
    expect(judged(shop(lastGood(27)))).toEqual([
      'warning',
      ['prod/shop the last good backup is 27 hours old'],
    ]);
    expect(judged(shop(lastGood(51)))).toEqual([
      'critical',
      ['prod/shop the last good backup is 2 days old'],
    ]);
    expect(judged(shop(lastGood(51)), { criticalAgeMs: 0, warningAgeMs: 0 })).toEqual(['ok', []]);
  });

  it('says why there is no newer one', () => {
    const old = ['prod/shop the last good backup is 27 hours old; the last try failed: prod does not answer'];
    expect(judged(shop({ ...lastGood(27), failure }))).toEqual(['warning', old]);
    expect(judged(shop({ failure }))).toEqual([
      'warning',
      ['prod/shop the last backup failed: prod does not answer'],
    ]);
  });

  it('is critical without any good backup', () => {
    const { lastGood: _, ...none } = shop();
    expect(judged(none)).toEqual(['critical', ['prod/shop has no good backup']]);
    const { level, findings } = judgeHealth(
      report([], { neverBackedUp: [{ instance: 'new' }] }),
      thresholds,
      now,
    );
    expect([level, findings[0]?.subject]).toEqual(['critical', 'new']);
  });

  it('warns when a backup shrank', () => {
    expect(judged(shop({ sizeBefore: 2500 }))).toEqual([
      'warning',
      ['prod/shop the last backup is 60 % smaller than the one before'],
    ]);
    expect(judged(shop({ sizeBefore: 2000 }))).toEqual(['ok', []]);
    expect(judged(shop({ sizeBefore: 2500 }), { shrinkPercent: 0 })).toEqual(['ok', []]);
  });

  it('asks for proofs where the configuration does', () => {
    const proofAgeMs = 7 * 24 * hourMs;
    expect(judged(shop(), { proofAgeMs })[0]).toBe('warning');
    expect(judged(shop({ proof: { at: ago(24 * 6), backup: 'x' } }), { proofAgeMs })[0]).toBe('ok');
    expect(judged(shop({ proof: { at: ago(24 * 8), backup: 'x' } }), { proofAgeMs })[1]).toEqual([
      'prod/shop the last passed rehearsal was 8 days ago',
    ]);
    expect(judged(shop({ failedRehearsal: true }))[0]).toBe('critical');
  });

  it('does not judge what is gone, or no longer configured', () => {
    expect(judged(shop({ ...lastGood(9999), standing: 'gone' }))).toEqual(['ok', []]);
    expect(judged(shop({ ...lastGood(9999), standing: 'unconfigured' }))).toEqual(['ok', []]);
  });

  it('warns before the storage is full, and of what is broken in it', () => {
    const storage = {
      path: '/backups',
      usedBytes: 1,
      backups: 1,
      freeBytes: 1,
      totalBytes: 2,
      daysUntilFull: 6,
    };
    const full = judgeHealth(report([shop()], { storage, warnings: ['x is damaged'] }), thresholds, now);
    expect(full.level).toBe('warning');
    expect(full.findings.map(({ message }) => message)).toEqual([
      'will be full in 6 days, if it grows as in the last week',
      'x is damaged',
    ]);
  });

  it('puts the worst first', () => {
    const { findings } = judgeHealth(report([shop(lastGood(27)), shop(lastGood(51))]), thresholds, now);
    expect(findings.map(({ level }) => level)).toEqual(['critical', 'warning']);
  });
});
