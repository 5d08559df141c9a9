import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env as ownEnv } from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appendAudit, type AuditRecord } from '../../src/storage/audit-trail.ts';
import { makeBackup, mark } from '../storage/scratch.ts';
import { runVya, type VyaResult } from './vya.ts';

const dayMs = 86_400_000;
const who = { user: 'root', host: 'db01', pid: 1, vya: '0.1.0' };

let path: string;
let storage: string;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'vya-test-'));
  storage = join(path, 'storage');
  const instances = [
    { id: 'prod', type: 'mysql', host: 'db1' },
    { id: 'new', type: 'postgresql', host: 'db2' },
  ];
  const retention = { hourly: 0, daily: 7, weekly: 4, monthly: 12, keep_within: 0, timezone: 'UTC' };
  const config = { instances, retention, storage: { base_path: storage } };
  await writeFile(join(path, 'config.yaml'), JSON.stringify(config), { mode: 0o600 });
});
afterEach(() => rm(path, { recursive: true, force: true }));

async function vya(...args: string[]): Promise<VyaResult> {
  const env = { PATH: ownEnv['PATH'] ?? '', HOME: path, VYA_CONFIG_PATH: join(path, 'config.yaml') };
  return await runVya(args, { env, cwd: path });
}

async function report(): Promise<string> {
  const { code, stderr } = await vya('report', '--html', 'page.html');
  expect(code, stderr).toBe(0);
  return (await readFile(join(path, 'page.html'), 'utf8')).replaceAll(/\s+/g, ' ');
}

/** At noon, so that no run of this test is on another day. */
function noon(ago: number): Date {
  return new Date(Math.floor(Date.now() / dayMs) * dayMs - ago * dayMs + dayMs / 2);
}

/** What the calendars say of a day, of each database in turn; each day is there twice, at a glance and in the calendar. */
function saidOf(page: string, day: Date): string[] {
  const found = page.matchAll(
    new RegExp(`<title>${day.toISOString().slice(0, 10)}: ([^<]*?) ?</title ?>`, 'g'),
  );
  return [...new Set(found)].map(([, words]) => words as string);
}

describe('watching and the report', () => {
  test('an empty storage: nothing was backed up, and all say so', async () => {
    await mkdir(storage);
    const page = await report();
    expect(page).toContain('Nothing has been backed up yet.');
    expect(page).toContain('Something is wrong');
    expect(page).toContain('<b>prod</b> was never backed up');
    expect(page).toContain('None on record.');
    expect((await vya('status')).stdout).toContain('prod was never backed up');
    expect((await vya('health')).code).toBe(2);
    const { code, stdout } = await vya('metrics');
    expect(code).toBe(0);
    expect(stdout).toContain('vya_backup_last_success_timestamp_seconds{instance="prod",database=""} 0\n');
    expect(stdout).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('a storage that is not there is an error, and no page is written', async () => {
    for (const args of [['status'], ['metrics'], ['report', '--html', 'page.html']]) {
      const { code, stderr } = await vya(...args);
      expect([code, stderr]).toEqual([5, expect.stringContaining('does not exist') as string]);
    }
    expect((await vya('health')).code).toBe(3);
    expect(await readdir(path)).toEqual(['config.yaml']);
  });

  test('one backup: a calendar of some weeks, and no curve through one point', async () => {
    await mkdir(storage);
    await makeBackup(storage, { place: { instance: 'prod', database: 'shop' }, at: noon(1) });
    const page = await report();
    expect(saidOf(page, noon(1))).toEqual(['kept for its month', 'kept for its month']);
    expect(page).toContain(
      '1 day: 1 with backups, 0 whose backups were deleted since, 0 failed, 0 without any',
    );
    expect(page).not.toContain('<figure');
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
    expect((await vya('metrics')).stdout).toContain('vya_backups{instance="prod",database="shop"} 1\n');
  });

  test('a damaged backup is shown as one, and not as what is kept', async () => {
    await mkdir(storage);
    const place = { instance: 'prod', database: 'shop' };
    const made = async (ago: number): Promise<string> =>
      (await makeBackup(storage, { place, at: noon(ago) })).path;
    const [cut, bare, odd, whole] = [await made(1), await made(2), await made(3), await made(4)];
    await writeFile(join(cut, 'manifest.json'), '{"format": "vya');
    for (const name of await readdir(bare)) if (name.includes('.sql')) await rm(join(bare, name));
    await rm(join(odd, 'manifest.json'));
    await mkdir(join(odd, 'manifest.json'));
    await mark(whole, 'pin.json', 'no pin');
    await appendAudit(storage, record(noon(1), []));
    await appendFile(join(storage, '.audit', `${noon(1).toISOString().slice(0, 7)}.jsonl`), '{"at":"2026-');
    const page = await report();
    const damaged = 'stored, but damaged';
    expect([1, 2, 3].flatMap((ago) => saidOf(page, noon(ago)))).toEqual(
      Array.from({ length: 6 }, () => damaged),
    );
    expect(saidOf(page, noon(4))[0]).toMatch(/^kept for its (day|week|month), pinned$/);
    expect(page).toContain('1 with backups, 3 with damaged ones only');
    expect(page).toContain('its manifest.json is not JSON');
    const { stdout } = await vya('metrics');
    expect(stdout).toContain(`{instance="prod",database="shop"} ${noon(4).getTime() / 1000}\n`);
    expect(stdout).toContain('vya_storage_warnings 4\n');
  });

  test('a new database whose backups only ever failed is missed', async () => {
    await mkdir(storage);
    await makeBackup(storage, { place: { instance: 'prod', database: 'shop' }, at: noon(1) });
    const error = { kind: 'failed', message: 'permission denied for table secrets' };
    await appendAudit(
      storage,
      record(noon(1), [
        { instance: 'prod', database: 'shop', result: 'ok' },
        { instance: 'prod', database: 'crm', result: 'failed', error },
      ]),
    );
    const { findings } = (await vya('health', '--format', 'json')).json<{
      findings: { subject: string; message: string }[];
    }>();
    expect(findings).toContainEqual({
      level: 'critical',
      subject: 'prod/crm',
      message: 'has no good backup; the last try failed: permission denied for table secrets',
    });
    const page = await report();
    expect(saidOf(page, noon(1))).toContain('failed');
    expect(page).toContain('prod / crm');
    const { stdout } = await vya('metrics');
    expect(stdout).toContain('vya_backup_last_success_timestamp_seconds{instance="prod",database="crm"} 0\n');
    expect(stdout).toContain('vya_backup_last_try_success{instance="prod",database="crm"} 0\n');
  });
});

function record(at: Date, databases: AuditRecord['databases']): AuditRecord {
  return { ...who, at: at.toISOString(), action: 'backup', result: 'ok', everything: true, databases };
}
