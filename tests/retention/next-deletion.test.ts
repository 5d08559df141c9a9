import { describe, expect, it } from 'vitest';
import { planRetention, type RetentionBackup } from '../../src/retention/gfs.ts';
import { nextDeletion } from '../../src/retention/next-deletion.ts';
import type { RetentionPolicy } from '../../src/retention/policy.ts';

const policy: RetentionPolicy = {
  hourly: 0,
  daily: 7,
  weekly: 0,
  monthly: 0,
  yearly: 0,
  keepLast: 0,
  keepWithinMs: 0,
  timezone: 'UTC',
};
const dayMs = 86_400_000;
const last = new Date('2026-01-10T02:00:00Z');

/** The last `count` backups, one every `everyMs`. */
function made(count: number, everyMs = dayMs): RetentionBackup[] {
  return Array.from({ length: count }, (_, age) => {
    const takenAt = new Date(last.getTime() - age * everyMs);
    return { id: takenAt.toISOString(), takenAt, complete: true, pinned: false, proven: false };
  });
}

describe('what retention deletes next', () => {
  it('is the oldest of a full week, with tomorrow’s backup', () => {
    expect(nextDeletion(made(7), policy, last)).toEqual({
      id: '2026-01-04T02:00:00.000Z',
      at: new Date('2026-01-11T02:00:00Z'),
    });
  });

  it('waits until the buckets are full', () => {
    expect(nextDeletion(made(3), policy, last)?.at).toEqual(new Date('2026-01-15T02:00:00Z'));
  });

  it('is now what a run would delete now', () => {
    expect(nextDeletion(made(9), policy, last)).toEqual({ id: '2026-01-02T02:00:00.000Z', at: last });
  });

  it('leaves pinned ones out, and knows that some never go', () => {
    const pinned = made(3).map((backup) => ({ ...backup, pinned: true }));
    expect(nextDeletion(pinned, policy, last)).toBeUndefined();
    expect(nextDeletion([], policy, last)).toBeUndefined();
  });

  it('follows the rhythm of the backups', () => {
    const hourly = { ...policy, daily: 0, hourly: 4 };
    expect(nextDeletion(made(4, 2 * 3_600_000), hourly, last)?.at).toEqual(new Date('2026-01-10T04:00:00Z'));
  });

  it('comes true when backups go on so', () => {
    const backups = made(5);
    const next = nextDeletion(backups, policy, last);
    for (let at = last.getTime() + dayMs; ; at += dayMs) {
      const takenAt = new Date(at);
      backups.push({ id: takenAt.toISOString(), takenAt, complete: true, pinned: false, proven: false });
      const gone = planRetention(backups, policy, takenAt).filter(({ keep }) => !keep);
      if (gone.length === 0) continue;
      expect({ id: gone[0]?.id, at: takenAt }).toEqual(next);
      return;
    }
  });
});
