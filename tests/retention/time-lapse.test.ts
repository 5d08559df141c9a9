import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRetention, type RetentionBackup } from '../../src/retention/gfs.ts';

const hour = 3_600_000;

/** One night: how far the clock went on (or was set), and what came of the run. */
const night = fc.record({
  step: fc.oneof(
    { weight: 8, arbitrary: fc.constant(24 * hour) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 60 }).map((minutes) => minutes * 60_000) },
    { weight: 1, arbitrary: fc.integer({ min: -400, max: 400 }).map((days) => days * 24 * hour) },
  ),
  outcome: fc.constantFrom('ok', 'ok', 'ok', 'failed', 'half'),
  pinned: fc.integer({ min: 0, max: 20 }).map((value) => value === 0),
  proven: fc.integer({ min: 0, max: 9 }).map((value) => value === 0),
});

const policy = fc.record({
  hourly: fc.integer({ min: 0, max: 3 }),
  daily: fc.integer({ min: 0, max: 7 }),
  weekly: fc.integer({ min: 0, max: 4 }),
  monthly: fc.integer({ min: 0, max: 3 }),
  yearly: fc.integer({ min: 0, max: 2 }),
  keepLast: fc.integer({ min: 1, max: 3 }),
  keepWithinMs: fc.constantFrom(0, 24 * hour, 72 * hour),
  timezone: fc.constantFrom(
    'UTC',
    'Europe/Berlin',
    'America/Sao_Paulo',
    'Pacific/Apia',
    'Australia/Lord_Howe',
  ),
});

describe('retention, night after night', () => {
  it('loses nothing good, whatever the clock does and whatever fails (F33)', () => {
    fc.assert(
      fc.property(fc.array(night, { minLength: 20, maxLength: 80 }), policy, (nights, rules) => {
        let now = Date.UTC(2024, 1, 20, 2);
        let kept: RetentionBackup[] = [];
        for (const [index, { step, outcome, pinned, proven }] of nights.entries()) {
          now += step;
          // A failed run leaves nothing, and never comes to retention.
          if (outcome === 'failed') continue;
          const made = {
            id: `b${String(index).padStart(3, '0')}`,
            takenAt: new Date(now),
            complete: outcome === 'ok',
            pinned,
            proven,
          };
          kept.push(made);
          if (outcome === 'half') continue;
          const plan = new Map(planRetention(kept, rules, new Date(now)).map(({ id, keep }) => [id, keep]));
          const gone = kept.filter(({ id }) => !plan.get(id));
          const past = kept.filter(({ complete, takenAt }) => complete && takenAt.getTime() <= now);
          expect(gone).not.toContain(made);
          expect(
            gone.filter((each) => each.pinned || !each.complete || each.takenAt.getTime() > now),
          ).toEqual([]);
          expect(gone.filter(({ takenAt }) => now - takenAt.getTime() < rules.keepWithinMs)).toEqual([]);
          expect(past.length - gone.length).toBeGreaterThanOrEqual(Math.min(past.length, rules.keepLast));
          if (past.some((each) => each.proven)) {
            expect(past.some((each) => each.proven && !gone.includes(each))).toBe(true);
          }
          kept = kept.filter((each) => !gone.includes(each));
        }
      }),
      { numRuns: 300 },
    );
  });
});
