import { appendFile, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { appendAudit, type AuditRecord, readAudit } from '../../src/storage/audit-trail.ts';
import { isVyaError } from './is-vya-error.ts';
import { scratchDirectory } from './scratch.ts';

function record(at: string, more: Partial<AuditRecord> = {}): AuditRecord {
  return { at, action: 'pin', result: 'ok', user: 'root', host: 'db01', pid: 7, vya: '0.1.0', ...more };
}

test('each act is a line of the trail of its month, for the owner alone', async () => {
  const base = await scratchDirectory();
  await appendAudit(base, record('2026-01-31T23:59:59.000Z', { backup: 'prod/a\nb/20260131T020000Z' }));
  await appendAudit(base, record('2026-02-01T00:00:00.000Z'));
  expect(await readdir(join(base, '.audit'))).toEqual(['2026-01.jsonl', '2026-02.jsonl']);
  expect((await stat(join(base, '.audit/2026-01.jsonl'))).mode & 0o777).toBe(0o600);
  expect((await stat(join(base, '.audit'))).mode & 0o777).toBe(0o700);
  const trail = await readAudit(base);
  expect(trail.map(({ at }) => at)).toEqual(['2026-01-31T23:59:59.000Z', '2026-02-01T00:00:00.000Z']);
  expect(trail[0]?.backup).toBe('prod/a\nb/20260131T020000Z');
  expect(await readAudit(base, new Date('2026-02-10T00:00:00Z'))).toHaveLength(1);
});

test('lines of runs that write at the same time do not mix', async () => {
  const base = await scratchDirectory();
  const long = 'x'.repeat(200_000);
  const all = Array.from({ length: 40 }, (_, pid) =>
    record('2026-01-01T00:00:00.000Z', { pid, reason: long }),
  );
  await Promise.all(all.map((each) => appendAudit(base, each)));
  const trail = await readAudit(base);
  expect(trail.map(({ pid }) => pid).toSorted((a, b) => a - b)).toEqual(all.map(({ pid }) => pid));
});

test('lines that were cut off, or say something else, are passed over', async () => {
  const base = await scratchDirectory();
  await appendAudit(base, record('2026-01-01T00:00:00.000Z'));
  await appendFile(join(base, '.audit/2026-01.jsonl'), '{"at":"2026-01-02T0\n[]\n{"at":1}\n');
  await appendAudit(base, record('2026-01-03T00:00:00.000Z'));
  await writeFile(join(base, '.audit/notes.txt'), 'mine');
  expect((await readAudit(base)).map(({ at }) => at.slice(8, 10))).toEqual(['01', '03']);
});

test('a line after one that a full disk cut off is a line of its own', async () => {
  const base = await scratchDirectory();
  await appendAudit(base, record('2026-01-01T00:00:00.000Z'));
  await appendFile(join(base, '.audit/2026-01.jsonl'), '{"at":"2026-01-02T0');
  await appendAudit(base, record('2026-01-03T00:00:00.000Z'));
  await appendAudit(base, record('2026-01-04T00:00:00.000Z'));
  expect((await readAudit(base)).map(({ at }) => at.slice(8, 10))).toEqual(['01', '03', '04']);
  const text = await readFile(join(base, '.audit/2026-01.jsonl'), 'utf8');
  expect(text.split('\n')).toHaveLength(5);
});

test('a link in its place is neither written through nor read', async () => {
  const base = await scratchDirectory();
  const elsewhere = join(base, 'elsewhere');
  await writeFile(elsewhere, '');
  await mkdir(join(base, '.audit'));
  await symlink(elsewhere, join(base, '.audit/2026-01.jsonl'));
  await expect(appendAudit(base, record('2026-01-01T00:00:00.000Z'))).rejects.toSatisfy((error) =>
    isVyaError(error, 'storage'),
  );
  expect(await readAudit(base)).toEqual([]);
  expect((await stat(elsewhere)).size).toBe(0);
});

test('without a trail there is nothing to tell', async () => {
  expect(await readAudit(await scratchDirectory())).toEqual([]);
});
