import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { planRetention } from '../../src/retention/gfs.ts';
import type { AuditRecord } from '../../src/storage/audit-trail.ts';
import { formatTimestamp } from '../../src/storage/layout.ts';
import { makeBackup, mark } from '../storage/scratch.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const nights = 425;
/** Milliseconds for each byte. */
const pace = 2.3;

/** As in the configuration. */
export const yearRetention = {
  hourly: 0,
  daily: 14,
  weekly: 8,
  monthly: 12,
  yearly: 2,
  keep_last: 1,
  keep_within: 0,
  timezone: 'UTC',
};

/** What became of one database. */
interface Story {
  instance: string;
  database: string;
  /** Bytes of its first and of its last backup. */
  bytes: readonly [number, number];
  /** Nights ago on which it failed, and with which message. */
  failed: Readonly<Record<number, string>>;
  pinned: readonly number[];
  proven: readonly number[];
}

const refused = 'connect ECONNREFUSED 10.0.3.17:3306: is the server running, and does it listen there?';
const lockWait =
  'mysqldump: Error 1205: Lock wait timeout exceeded when dumping table `order_lines` at row 41822';
const noSpace = 'Cannot write /var/backups/vya/reporting/warehouse: ENOSPC: no space left on device';

const stories: readonly Story[] = [
  {
    instance: 'prod',
    database: 'shop',
    bytes: [31_000, 64_000],
    failed: { 3: refused, 47: lockWait, 48: lockWait, 210: refused },
    pinned: [61, 6],
    proven: [1, 4, 36],
  },
  {
    instance: 'prod',
    database: 'customers_and_their_addresses_of_all_branches',
    bytes: [9_000, 11_500],
    failed: { 3: refused, 120: lockWait },
    pinned: [],
    proven: [],
  },
  {
    instance: 'reporting',
    database: 'warehouse',
    bytes: [82_000, 150_000],
    failed: { 1: noSpace, 88: noSpace },
    pinned: [2],
    proven: [97],
  },
];

/** On these nights the machine was off. */
const off = new Set([19, 20, 133, 301]);
const who = { user: 'root', host: 'db01', pid: 4711, vya: '0.1.0' };

/** 1: the last night that is over, at eleven minutes past two. */
export function nightBefore(now: Date, ago: number): Date {
  const today = Math.floor((now.getTime() - 3 * hourMs) / dayMs) * dayMs;
  return new Date(today - (ago - 1) * dayMs + 2 * hourMs + 690_000);
}

/**
 * Fills a storage with what fourteen months leave behind: three databases, backed up each night but for some, of which retention has
 * deleted most, some pinned and some proven.
 */
export async function fillStorageOfAYear(basePath: string, now: Date): Promise<void> {
  await mkdir(basePath, { recursive: true });
  await writeTrail(basePath, now);
  for (const story of stories) {
    for (const ago of keptNights(story, now)) await storeNight(basePath, story, now, ago);
  }
}

async function writeTrail(basePath: string, now: Date): Promise<void> {
  const records = Array.from({ length: nights }, (_, index) => nights - index)
    .filter((ago) => !off.has(ago))
    .map((ago): AuditRecord => {
      const databases = stories.map((story) => outcomeOf(story, now, ago));
      const failed = databases.filter(({ result }) => result === 'failed').length;
      const result = failed === 0 ? 'ok' : failed === databases.length ? 'failed' : 'partial';
      const at = nightBefore(now, ago).toISOString();
      return { ...who, at, action: 'backup', result, everything: true, databases };
    });
  await mkdir(join(basePath, '.audit'), { mode: 0o700 });
  for (const [month, lines] of Map.groupBy(records, ({ at }) => at.slice(0, 7))) {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    await writeFile(join(basePath, '.audit', `${month}.jsonl`), text, { mode: 0o600 });
  }
}

function outcomeOf(story: Story, now: Date, ago: number): NonNullable<AuditRecord['databases']>[number] {
  const { instance, database, failed } = story;
  const message = failed[ago];
  if (message !== undefined)
    return { instance, database, result: 'failed', error: { kind: 'failed', message }, durationMs: 4100 };
  const bytes = sizeOn(story, ago);
  const backup = `${instance}/${database}/${formatTimestamp(nightBefore(now, ago))}`;
  return { instance, database, result: 'ok', bytes, durationMs: bytes * pace, backup };
}

/** It grows, less on some days than on others. */
function sizeOn({ bytes: [first, last] }: Story, ago: number): number {
  const grown = first + ((last - first) * (nights - ago)) / nights;
  return Math.round(grown * (1 + 0.04 * Math.sin(ago * 1.7) + 0.03 * Math.sin(ago / 9)));
}

/** What retention has left, which ran after each backup. */
function keptNights({ failed, pinned, proven }: Story, now: Date): number[] {
  const { keep_last: keepLast, keep_within: keepWithinMs, ...rules } = yearRetention;
  let left: number[] = [];
  for (let ago = nights; ago > 0; ago -= 1) {
    if (off.has(ago) || failed[ago] !== undefined) continue;
    const backups = [...left, ago].map((each) => ({
      id: String(each),
      takenAt: nightBefore(now, each),
      complete: true,
      pinned: pinned.includes(each),
      proven: proven.includes(each),
    }));
    const plan = planRetention(backups, { ...rules, keepLast, keepWithinMs }, nightBefore(now, ago));
    left = plan.filter(({ keep }) => keep).map(({ id }) => Number(id));
  }
  return left;
}

async function storeNight(basePath: string, story: Story, now: Date, ago: number): Promise<void> {
  const at = nightBefore(now, ago);
  const { path } = await makeBackup(basePath, {
    place: story,
    at,
    content: 'x'.repeat(sizeOn(story, ago)),
    draft: { finishedAt: new Date(at.getTime() + sizeOn(story, ago) * pace).toISOString() },
  });
  if (story.pinned.includes(ago))
    await mark(path, 'pin.json', { format: 'vya-pin', version: 1, pinnedAt: at.toISOString() });
  if (story.proven.includes(ago))
    await mark(path, 'proof.json', {
      format: 'vya-proof',
      version: 1,
      provenAt: new Date(at.getTime() + hourMs).toISOString(),
      passed: true,
      exact: true,
      compared: 'contents',
      exceptions: [],
      target: story.instance,
      vya: '0.1.0',
    });
}
