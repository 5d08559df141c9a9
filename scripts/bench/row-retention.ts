import { planRetention, type RetentionBackup } from '../../src/retention/gfs.ts';
import { say } from './progress.ts';
import type { Comparison, Run } from './results.ts';

const BACKUPS = 100_000;
const HOUR_MS = 3_600_000;
const policy = {
  hourly: 24,
  daily: 7,
  weekly: 4,
  monthly: 12,
  yearly: 10,
  keepLast: 3,
  keepWithinMs: 24 * HOUR_MS,
  timezone: 'Europe/Berlin',
};

/** The pure function, in this process: one backup every hour of eleven years. */
export function retentionRow(runs: number): Comparison {
  const now = new Date();
  const backups = Array.from({ length: BACKUPS }, (_, index): RetentionBackup => {
    const takenAt = new Date(now.getTime() - index * HOUR_MS);
    return { id: `main/shop/${index}`, takenAt, complete: true, pinned: false, proven: false };
  });
  const name = `retention over ${BACKUPS} backups`;
  const measured = Array.from({ length: Math.max(runs, 5) }, (): Run => {
    const [before, used] = [performance.now(), process.cpuUsage()];
    planRetention(backups, policy, now);
    const { user, system } = process.cpuUsage(used);
    return { wall: (performance.now() - before) / 1000, cpu: (user + system) / 1e6 };
  });
  say(`  ${name}: ${measured.map(({ wall }) => wall.toFixed(3)).join(', ')} s`);
  return {
    row: 'retention',
    title: 'Retention',
    contestants: [{ name, vya: true, command: 'planRetention()', runs: measured }],
    targets: [{ what: name, measure: 'wall', of: name, atMost: 0.2 }],
    compared: 0,
    notes: [],
  };
}
