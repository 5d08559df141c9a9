import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env as ownEnv } from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appendAudit } from '../../src/storage/audit-trail.ts';
import { formatTimestamp } from '../../src/storage/layout.ts';
import { makeBackup, mark } from '../storage/scratch.ts';
import { runVya } from './vya.ts';

const dayMs = 86_400_000;
const evil = `<script>alert("x")</script> & 'co'`;
const who = { user: 'root', host: 'db01', pid: 1, vya: '0.1.0' };

let path: string;
let page: string;

/** The night so many days ago. */
function night(ago: number): Date {
  return new Date(Math.floor(Date.now() / dayMs) * dayMs - ago * dayMs + 7_200_000);
}

async function noteRun(ago: number, error?: string): Promise<void> {
  const outcome =
    error === undefined
      ? { result: 'ok' as const }
      : { result: 'failed' as const, error: { kind: 'failed', message: error } };
  const databases = [
    {
      instance: 'prod',
      database: 'shop',
      ...outcome,
      durationMs: 60_000 - ago * 100,
      bytes: 90_000 - ago * 40,
      backup: `prod/shop/${formatTimestamp(night(ago))}`,
    },
  ];
  const at = night(ago).toISOString();
  await appendAudit(join(path, 'storage'), {
    ...who,
    at,
    action: 'backup',
    result: outcome.result,
    databases,
  });
}

beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), 'vya-test-'));
  const storage = join(path, 'storage');
  await mkdir(storage);
  const instances = [{ id: 'prod', type: 'mysql', host: 'db1' }];
  const retention = { daily: 7, weekly: 4, monthly: 12, keep_last: 1, keep_within: 0, timezone: 'UTC' };
  const config = { instances, retention, storage: { base_path: storage } };
  await writeFile(join(path, 'config.yaml'), JSON.stringify(config), { mode: 0o600 });
  // A year of nights: the older ones were deleted but for each month's last; two failed, and one was not made.
  for (let ago = 120; ago > 0; ago -= 1) {
    if (ago === 30) continue;
    await noteRun(ago, ago === 20 || ago === 10 ? `lock wait timeout on ${evil}` : undefined);
  }
  const place = { instance: 'prod', database: 'shop' };
  for (const ago of [95, 65, 40, 22, 15, 8, 7, 6, 5, 4, 3, 2, 1])
    await makeBackup(storage, { place, at: night(ago) });
  const pinned = await makeBackup(storage, { place: { instance: 'prod', database: evil }, at: night(1) });
  await mark(pinned.path, 'pin.json', { format: 'vya-pin', version: 1, pinnedAt: night(0).toISOString() });
  await mark(pinned.path, 'proof.json', {
    format: 'vya-proof',
    version: 1,
    provenAt: night(0).toISOString(),
    passed: true,
    exact: true,
    compared: 'contents',
    exceptions: [],
    target: 'prod',
    vya: '0.1.0',
  });
  const { code, stderr } = await runVya(['report', '--html', 'page.html'], { env: environment(), cwd: path });
  expect(code, stderr).toBe(0);
  // As a browser sees it, to which spaces and line breaks are one.
  page = (await readFile(join(path, 'page.html'), 'utf8')).replaceAll(/\s+/g, ' ');
});
afterAll(() => rm(path, { recursive: true, force: true }));

function environment(): Record<string, string> {
  return { PATH: ownEnv['PATH'] ?? '', HOME: path, VYA_CONFIG_PATH: join(path, 'config.yaml'), TZ: 'UTC' };
}

function titleOf(ago: number): string | undefined {
  const date = night(ago).toISOString().slice(0, 10);
  const titles = [...page.matchAll(new RegExp(`<title>${date}: ([^<]*?) ?</title ?>`, 'g'))];
  // The database that this is about is the last one on the page.
  return titles.at(-1)?.[1];
}

describe('the page', () => {
  test('shows for each day what became of it', () => {
    expect(titleOf(2)).toMatch(/^kept for its (day|week)$/);
    expect(titleOf(1)).toBe('kept for its month');
    expect([titleOf(20), titleOf(10)]).toEqual(['failed', 'failed']);
    expect(titleOf(30)).toBe('none was made');
    expect(titleOf(50)).toBe('made, deleted since');
    expect(titleOf(65)).toBe('kept for its month');
    expect(titleOf(200)).toBeUndefined();
    expect(page).toMatch(/kept for its month, pinned, proven ?<\/title ?>/);
  });

  test('says sizes, times, what goes next, and what failed', () => {
    expect(page).toMatch(/aria-label="Size: last [\d.]+ kB, at most [\d.]+ kB"/);
    expect(page).toContain('Retention deletes');
    expect(page).toContain('<b>backup prod/shop</b>');
    expect(page.match(/lock wait timeout/g)).toHaveLength(2);
    expect(page).toMatch(
      /aria-label="\d+ days: 13 with backups, 1?\d\d whose backups were deleted since, 2 failed, 1 without any"/,
    );
  });

  test('needs nothing else, and runs nothing', () => {
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/<script|src=|href="(?!#)|url\(|@import|https?:/i);
    expect(page).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;co&#39;');
  });

  test('closes every element that it opens', () => {
    const open: string[] = [];
    for (const [, closing, name, rest] of page.matchAll(/<(\/?)([a-z0-9]+)([^>]*)>/gi)) {
      if (rest?.endsWith('/') || ['meta', 'br'].includes(name as string)) continue;
      if (closing) expect(open.pop()).toBe(name);
      else open.push(name as string);
    }
    expect(open).toEqual([]);
  });

  test('is replaced in one step, and no draft stays', async () => {
    const again = await runVya(['report', '--html', 'page.html', '--instance', 'prod'], {
      env: environment(),
      cwd: path,
    });
    expect(again.code, again.stderr).toBe(0);
    expect((await readdir(path)).toSorted()).toEqual(['config.yaml', 'page.html', 'storage']);
  });
});

test('a place that cannot be written is an error that says so', async () => {
  const { code, stderr } = await runVya(['report', '--html', 'nowhere/page.html'], {
    env: environment(),
    cwd: path,
  });
  expect([code, stderr]).toEqual([5, expect.stringContaining('nowhere/page.html') as string]);
});
