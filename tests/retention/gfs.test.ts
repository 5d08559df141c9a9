import { describe, expect, it } from 'vitest';
import { planRetention, type RetentionBackup } from '../../src/retention/gfs.ts';
import type { RetentionPolicy } from '../../src/retention/policy.ts';

const off: RetentionPolicy = {
  hourly: 0,
  daily: 0,
  weekly: 0,
  monthly: 0,
  yearly: 0,
  keepLast: 0,
  keepWithinMs: 0,
  timezone: 'UTC',
};

/** A backup that is called by the moment it was taken. */
function taken(at: string, more: Partial<RetentionBackup> = {}): RetentionBackup {
  return { id: at, takenAt: new Date(at), complete: true, pinned: false, proven: false, ...more };
}

/** Every day at 02:00 UTC, from one day to another. */
function nightly(from: string, to: string): RetentionBackup[] {
  const backups: RetentionBackup[] = [];
  for (let ms = Date.parse(`${from}T02:00:00Z`); ms <= Date.parse(`${to}T02:00:00Z`); ms += 86_400_000) {
    const id = new Date(ms).toISOString().slice(0, 10);
    backups.push({ ...taken(new Date(ms).toISOString()), id });
  }
  return backups;
}

function kept(
  backups: RetentionBackup[],
  policy: Partial<RetentionPolicy>,
  now: string,
): Record<string, string[]> {
  const decisions = planRetention(backups, { ...off, ...policy }, new Date(now));
  expect(decisions).toHaveLength(backups.length);
  return Object.fromEntries(decisions.filter(({ keep }) => keep).map(({ id, reasons }) => [id, reasons]));
}

describe('retention by calendar buckets', () => {
  it('keeps the newest of each day, week and month, and counts each rule by itself', () => {
    // 2026-01-09 is a Friday.
    const table = kept(
      nightly('2025-11-20', '2026-01-09'),
      { daily: 7, weekly: 4, monthly: 3 },
      '2026-01-09T03:00:00Z',
    );
    expect(table).toEqual({
      '2026-01-09': [
        'newest complete backup',
        'daily 1 of 7: 2026-01-09',
        'weekly 1 of 4: 2026-W02',
        'monthly 1 of 3: 2026-01',
      ],
      '2026-01-08': ['daily 2 of 7: 2026-01-08'],
      '2026-01-07': ['daily 3 of 7: 2026-01-07'],
      '2026-01-06': ['daily 4 of 7: 2026-01-06'],
      '2026-01-05': ['daily 5 of 7: 2026-01-05'],
      '2026-01-04': ['daily 6 of 7: 2026-01-04', 'weekly 2 of 4: 2026-W01'],
      '2026-01-03': ['daily 7 of 7: 2026-01-03'],
      '2025-12-31': ['monthly 2 of 3: 2025-12'],
      '2025-12-28': ['weekly 3 of 4: 2025-W52'],
      '2025-12-21': ['weekly 4 of 4: 2025-W51'],
      '2025-11-30': ['monthly 3 of 3: 2025-11'],
    });
  });

  it('keeps nothing twice for an ISO week that spans New Year, and none for it in the wrong year (F33)', () => {
    const table = kept(nightly('2026-12-20', '2027-01-05'), { weekly: 4, yearly: 2 }, '2027-01-05T12:00:00Z');
    expect(table).toEqual({
      '2027-01-05': ['newest complete backup', 'weekly 1 of 4: 2027-W01', 'yearly 1 of 2: 2027'],
      '2027-01-03': ['weekly 2 of 4: 2026-W53'],
      '2026-12-31': ['yearly 2 of 2: 2026'],
      '2026-12-27': ['weekly 3 of 4: 2026-W52'],
      '2026-12-20': ['weekly 4 of 4: 2026-W51'],
    });
  });

  it('gives the 29th of February a day of its own and ends the month with it', () => {
    const table = kept(nightly('2028-01-30', '2028-03-01'), { daily: 3, monthly: 3 }, '2028-03-01T12:00:00Z');
    expect(table).toEqual({
      '2028-03-01': ['newest complete backup', 'daily 1 of 3: 2028-03-01', 'monthly 1 of 3: 2028-03'],
      '2028-02-29': ['daily 2 of 3: 2028-02-29', 'monthly 2 of 3: 2028-02'],
      '2028-02-28': ['daily 3 of 3: 2028-02-28'],
      '2028-01-31': ['monthly 3 of 3: 2028-01'],
    });
  });

  it('begins days at midnight of the configured zone, also on the day of 23 hours (F33)', () => {
    const backups = [
      taken('2026-03-28T22:30:00Z'), // 23:30 on the 28th in Berlin
      taken('2026-03-28T23:30:00Z'), // 00:30 on the 29th
      taken('2026-03-29T21:30:00Z'), // 23:30 on the 29th, summer time
      taken('2026-03-29T22:30:00Z'), // 00:30 on the 30th
    ];
    const policy = { daily: 3, timezone: 'Europe/Berlin' };
    expect(kept(backups, policy, '2026-03-30T00:00:00Z')).toEqual({
      '2026-03-29T22:30:00Z': ['newest complete backup', 'daily 1 of 3: 2026-03-30'],
      '2026-03-29T21:30:00Z': ['daily 2 of 3: 2026-03-29'],
      '2026-03-28T22:30:00Z': ['daily 3 of 3: 2026-03-28'],
    });
  });

  it('takes the hour that comes twice in autumn for two hours (F33)', () => {
    const backups = ['00:10', '00:50', '01:10', '01:50', '02:10'].map((time) =>
      taken(`2026-10-25T${time}:00Z`),
    );
    expect(kept(backups, { hourly: 9, timezone: 'Europe/Berlin' }, '2026-10-25T03:00:00Z')).toEqual({
      '2026-10-25T02:10:00Z': ['newest complete backup', 'hourly 1 of 9: 2026-10-25 03:00'],
      '2026-10-25T01:50:00Z': ['hourly 2 of 9: 2026-10-25 02:00'],
      '2026-10-25T00:50:00Z': ['hourly 3 of 9: 2026-10-25 02:00'],
    });
  });

  it('counts a day once where clocks go back over midnight', () => {
    // St John's went from 00:01 on the 29th back to 23:01 on the 28th: the days alternate.
    const backups = ['02:00', '02:30', '02:40', '03:40'].map((time) => taken(`2006-10-29T${time}:00Z`));
    expect(kept(backups, { daily: 5, timezone: 'America/St_Johns' }, '2006-10-29T12:00:00Z')).toEqual({
      '2006-10-29T03:40:00Z': ['newest complete backup', 'daily 1 of 5: 2006-10-29'],
      '2006-10-29T02:40:00Z': ['daily 2 of 5: 2006-10-28'],
    });
  });

  it('does not count days without a backup', () => {
    const backups = [...nightly('2026-01-01', '2026-01-02'), ...nightly('2026-05-01', '2026-05-01')];
    expect(Object.keys(kept(backups, { daily: 3 }, '2026-06-01T00:00:00Z'))).toEqual([
      '2026-05-01',
      '2026-01-02',
      '2026-01-01',
    ]);
  });
});

describe('retention beside the buckets', () => {
  it('keeps the last ones, and those of the last hours, whatever the buckets say (F33)', () => {
    const backups = ['07T02', '08T02', '08T09', '08T10', '09T02'].map((at) => taken(`2026-01-${at}:00:00Z`));
    const policy = { daily: 2, keepLast: 2, keepWithinMs: 17 * 3_600_000 };
    expect(kept(backups, policy, '2026-01-09T02:00:00Z')).toEqual({
      '2026-01-09T02:00:00Z': [
        'newest complete backup',
        'last 1 of 2',
        'within the last 17 hours',
        'daily 1 of 2: 2026-01-09',
      ],
      '2026-01-08T10:00:00Z': ['last 2 of 2', 'within the last 17 hours', 'daily 2 of 2: 2026-01-08'],
      '2026-01-08T09:00:00Z': ['within the last 17 hours'],
    });
  });

  it('never deletes the newest complete backup, a pinned one, or the newest that was proven', () => {
    const backups = [
      taken('2020-01-01T00:00:00Z', { pinned: true }),
      taken('2021-01-01T00:00:00Z', { proven: true }),
      taken('2022-01-01T00:00:00Z', { proven: true }),
      taken('2023-01-01T00:00:00Z'),
      taken('2024-01-01T00:00:00Z'),
    ];
    expect(kept(backups, { keepWithinMs: 1000 }, '2026-01-01T00:00:00Z')).toEqual({
      '2024-01-01T00:00:00Z': ['newest complete backup'],
      '2022-01-01T00:00:00Z': ['newest backup that passed a rehearsal'],
      '2020-01-01T00:00:00Z': ['pinned'],
    });
  });

  it('neither counts nor deletes incomplete backups, so that a run of failures deletes nothing (F33)', () => {
    const good = nightly('2026-01-01', '2026-01-03');
    const broken = nightly('2026-01-04', '2026-01-31').map((backup) => ({ ...backup, complete: false }));
    const table = kept([...good, ...broken], { daily: 3 }, '2026-02-01T00:00:00Z');
    expect(Object.keys(table)).toHaveLength(31);
    expect(table['2026-01-01']).toEqual(['daily 3 of 3: 2026-01-01']);
    expect(table['2026-01-31']).toEqual(['not complete: neither counted nor deleted by retention']);
  });

  it('lets a backup from the future neither evict another nor be evicted (F33)', () => {
    const table = kept(
      [...nightly('2026-01-01', '2026-01-03'), ...nightly('2031-01-01', '2031-01-09')],
      { keepLast: 2 },
      '2026-01-03T03:00:00Z',
    );
    expect(table['2026-01-03']).toEqual(['newest complete backup', 'last 1 of 2']);
    expect(table['2026-01-02']).toEqual(['last 2 of 2']);
    expect(table['2031-01-09']).toEqual(['dated in the future: neither counted nor deleted until then']);
    expect(Object.keys(table)).toHaveLength(11);
  });

  it('takes -10 for newer than -9, and that for newer than none, within one second', () => {
    const at = '2026-01-01T00:00:00Z';
    const backups = ['Z-9', 'Z', 'Z-10', 'Z-2'].map((id) => taken(at, { id }));
    const order = planRetention(backups, { ...off, keepLast: 1 }, new Date(at)).map(({ id, keep }) => [
      id,
      keep,
    ]);
    expect(order).toEqual([
      ['Z-10', true],
      ['Z-9', false],
      ['Z-2', false],
      ['Z', false],
    ]);
  });

  it('tells for every deletion why no rule keeps it', () => {
    const backups = ['2026-01-07T01', '2026-01-08T01', '2026-01-09T01', '2026-01-09T02'].map((at) =>
      taken(`${at}:00:00Z`),
    );
    const policy = { ...off, daily: 2, weekly: 1, keepLast: 1, keepWithinMs: 60_000 };
    const deleted = planRetention(backups, policy, new Date('2026-01-09T02:00:00Z')).filter(
      ({ keep }) => !keep,
    );
    expect(deleted).toEqual([
      {
        id: '2026-01-09T01:00:00Z',
        keep: false,
        reasons: [
          'not one of the last 1',
          'older than 60 seconds',
          'daily: a newer backup of its day stays',
          'weekly: a newer backup of its week stays',
        ],
      },
      {
        id: '2026-01-07T01:00:00Z',
        keep: false,
        reasons: [
          'not one of the last 1',
          'older than 60 seconds',
          'daily: 2 newer days stay',
          'weekly: a newer backup of its week stays',
        ],
      },
    ]);
  });

  it('has nothing to decide where there are no backups', () => {
    expect(planRetention([], { ...off, daily: 1 }, new Date(0))).toEqual([]);
  });

  it('refuses a policy whose every rule is off: that is no licence to delete', () => {
    expect(() => planRetention(nightly('2026-01-01', '2026-01-03'), off, new Date())).toThrow(
      expect.objectContaining({ kind: 'configuration', hint: expect.stringContaining('keep_last') }),
    );
  });

  it.each([
    ['daily', -1],
    ['weekly', 1.5],
    ['keepLast', Number.NaN],
    ['keepWithinMs', Infinity],
  ])('refuses %s %d', (name, value) => {
    expect(() => planRetention([], { ...off, daily: 7, [name]: value }, new Date())).toThrow(
      expect.objectContaining({ kind: 'configuration', message: expect.stringContaining(name) }),
    );
  });
});
