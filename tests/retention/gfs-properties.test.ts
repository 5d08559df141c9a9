import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Decision, planRetention, type RetentionBackup } from '../../src/retention/gfs.ts';
import type { RetentionPolicy } from '../../src/retention/policy.ts';

const now = new Date('2026-11-01T12:00:00Z');
const hour = 3_600_000;
const zones = [
  'UTC',
  'Europe/Berlin',
  'America/Sao_Paulo',
  'America/St_Johns',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];

const ages = fc.oneof(
  fc.integer({ min: 0, max: 72 * 60 }).map((minutes) => minutes * 60_000),
  fc.integer({ min: 0, max: 5 * 366 * 24 }).map((hours) => hours * hour),
);

const backupsArb = fc
  .array(
    fc.record({
      age: ages,
      broken: fc.integer({ min: 0, max: 9 }).map((value) => value === 0),
      pinned: fc.integer({ min: 0, max: 9 }).map((value) => value === 0),
      proven: fc.integer({ min: 0, max: 5 }).map((value) => value === 0),
    }),
    { maxLength: 60 },
  )
  .map((list) =>
    list.map(({ age, broken, pinned, proven }, index): RetentionBackup => ({
      id: `backup-${String(index).padStart(3, '0')}`,
      takenAt: new Date(now.getTime() - age),
      complete: !broken,
      pinned,
      proven,
    })),
  );

const count = fc.integer({ min: 0, max: 8 });
const policyArb: fc.Arbitrary<RetentionPolicy> = fc
  .record({
    hourly: count,
    daily: count,
    weekly: count,
    monthly: count,
    yearly: count,
    keepLast: count,
    keepWithinMs: fc.integer({ min: 0, max: 100 }).map((hours) => hours * hour),
    timezone: fc.constantFrom(...zones),
  })
  .filter((policy) => Object.values(policy).some((value) => typeof value === 'number' && value > 0));

const byId = (decisions: Decision[]): Map<string, Decision> =>
  new Map(decisions.map((each) => [each.id, each]));
const newest = (backups: RetentionBackup[]): RetentionBackup | undefined =>
  backups.toSorted((a, b) => b.takenAt.getTime() - a.takenAt.getTime())[0];

/** Runs a property over many trees of backups and policies. */
function always(check: (backups: RetentionBackup[], policy: RetentionPolicy) => void): void {
  fc.assert(fc.property(backupsArb, policyArb, check), { numRuns: 400 });
}

describe('retention, whatever the backups and the policy', () => {
  it('decides on each backup once, with a reason', () => {
    always((backups, policy) => {
      const decisions = planRetention(backups, policy, now);
      expect(decisions.map(({ id }) => id).sort()).toEqual(backups.map(({ id }) => id).sort());
      expect(decisions.every(({ reasons }) => reasons.length > 0)).toBe(true);
    });
  });

  it('never deletes the newest complete, a pinned, the newest proven, or an incomplete backup', () => {
    always((backups, policy) => {
      const decisions = byId(planRetention(backups, policy, now));
      const complete = backups.filter((backup) => backup.complete);
      const proven = newest(complete.filter((backup) => backup.proven));
      const sacred = [
        ...backups.filter((backup) => backup.pinned || !backup.complete),
        ...(proven ? [proven] : []),
      ];
      const latest = Math.max(...complete.map(({ takenAt }) => takenAt.getTime()));
      if (complete.length > 0) {
        expect(
          complete.some(({ id, takenAt }) => takenAt.getTime() === latest && decisions.get(id)?.keep),
        ).toBe(true);
      }
      // Of several proven ones of one moment any may be the newest.
      for (const { id, takenAt, pinned, complete: whole } of sacred) {
        if (pinned || !whole) expect(decisions.get(id)?.keep).toBe(true);
        else {
          const same = complete.filter((each) => each.proven && each.takenAt.getTime() === takenAt.getTime());
          expect(same.some((each) => decisions.get(each.id)?.keep)).toBe(true);
        }
      }
    });
  });

  it('keeps everything within keep_within and the last keep_last', () => {
    always((backups, policy) => {
      const decisions = byId(planRetention(backups, policy, now));
      const complete = backups.filter((backup) => backup.complete);
      const deleted = complete.filter(({ id }) => !decisions.get(id)?.keep);
      for (const { takenAt } of deleted) {
        expect(now.getTime() - takenAt.getTime()).toBeGreaterThan(
          policy.keepWithinMs === 0 ? -1 : policy.keepWithinMs,
        );
        const newer = complete.filter((other) => other.takenAt.getTime() >= takenAt.getTime());
        expect(newer.length).toBeGreaterThan(policy.keepLast);
      }
    });
  });

  it('keeps no more than the rules add up to, beside what is never deleted', () => {
    always((backups, policy) => {
      const ruled = planRetention(backups, policy, now).filter(({ keep, reasons }) => {
        return keep && reasons.some((reason) => /^(hourly|daily|weekly|monthly|yearly|last \d)/.test(reason));
      });
      const { hourly, daily, weekly, monthly, yearly, keepLast } = policy;
      expect(ruled.length).toBeLessThanOrEqual(hourly + daily + weekly + monthly + yearly + keepLast);
    });
  });

  it('deletes nothing more when it is applied again', () => {
    always((backups, policy) => {
      const first = byId(planRetention(backups, policy, now));
      const left = backups.filter(({ id }) => first.get(id)?.keep);
      expect(planRetention(left, policy, now).every(({ keep }) => keep)).toBe(true);
    });
  });

  it('does not depend on the order of the input', () => {
    fc.assert(
      fc.property(
        backupsArb.chain((backups) =>
          fc.tuple(fc.constant(backups), fc.shuffledSubarray(backups, { minLength: backups.length })),
        ),
        policyArb,
        ([backups, shuffled], policy) => {
          expect(planRetention(shuffled, policy, now)).toEqual(planRetention(backups, policy, now));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('lets a backup from the future change nothing about the others (F33)', () => {
    always((backups, policy) => {
      const future: RetentionBackup = {
        id: 'future',
        takenAt: new Date(now.getTime() + 1),
        complete: true,
        pinned: false,
        proven: true,
      };
      const [first, ...rest] = planRetention([...backups, future], policy, now);
      expect(first).toMatchObject({ id: 'future', keep: true });
      expect(rest).toEqual(planRetention(backups, policy, now));
    });
  });

  it('keeps the newest backup of each day that daily reaches, by the clocks of the zone', () => {
    always((backups, policy) => {
      const only = {
        ...policy,
        hourly: 0,
        weekly: 0,
        monthly: 0,
        yearly: 0,
        keepLast: 0,
        keepWithinMs: 0,
        daily: policy.daily + 1,
      };
      const dayOf = new Intl.DateTimeFormat('sv-SE', { timeZone: policy.timezone, dateStyle: 'short' });
      const newestOfDay = new Map<string, number>();
      for (const { takenAt, complete } of backups) {
        if (!complete) continue;
        const day = dayOf.format(takenAt);
        newestOfDay.set(day, Math.max(newestOfDay.get(day) ?? 0, takenAt.getTime()));
      }
      const expected = [...newestOfDay.values()].sort((a, b) => b - a).slice(0, only.daily);
      const decisions = planRetention(backups, only, now).filter(({ reasons }) =>
        reasons.some((r) => r.startsWith('daily')),
      );
      const times = new Map(backups.map(({ id, takenAt }) => [id, takenAt.getTime()]));
      expect(decisions.filter(({ keep }) => keep).map(({ id }) => times.get(id))).toEqual(
        expect.arrayContaining(expected),
      );
    });
  });
});

describe('retention over many backups', () => {
  it('decides on 100,000 backups and keeps what five rules add up to', () => {
    const backups = Array.from({ length: 100_000 }, (_, index): RetentionBackup => ({
      id: `b${index}`,
      takenAt: new Date(now.getTime() - index * hour),
      complete: true,
      pinned: false,
      proven: false,
    }));
    const policy = {
      hourly: 24,
      daily: 7,
      weekly: 4,
      monthly: 12,
      yearly: 3,
      keepLast: 3,
      keepWithinMs: 24 * hour,
      timezone: 'Europe/Berlin',
    };
    const decisions = planRetention(backups, policy, now);
    expect(decisions).toHaveLength(100_000);
    const kept = decisions.filter(({ keep }) => keep).length;
    expect(kept).toBeGreaterThan(24 + 6);
    expect(kept).toBeLessThanOrEqual(24 + 7 + 4 + 12 + 3 + 3 + 25);
  });
});
