import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestServer } from '../servers/server.ts';
import { sharedServer } from '../servers/servers.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { workspace, type Workspace } from './vya.ts';

const database = 'pruned';
let server: TestServer;
let space: Workspace;
let inside: TestDatabase;

beforeAll(async () => {
  server = await sharedServer('postgresql-15');
  inside = await createTestDatabase(server, database, 'CREATE TABLE kept (id int PRIMARY KEY)');
  space = await workspace({
    instances: [{ id: 'main', server, settings: { databases: [database] } }],
    retention: { daily: 3, weekly: 0, monthly: 0, keep_last: 1, keep_within: 0, timezone: 'UTC' },
  });
  expect((await space.vya(['backup'])).code).toBe(0);
  for (const day of ['05', '06', '07', '08', '09', '10']) await age(`202601${day}T020000Z`);
});

afterAll(async () => {
  await space.remove();
  await inside.drop();
});

test('a pinned backup stays and is listed so; unpinned it goes', async () => {
  expect((await space.vya(['pin', '20260105T020000Z', '--reason', 'before the migration'])).code).toBe(0);
  expect((await space.vya(['list'])).stdout).toMatch(/pinned +main\/pruned\/20260105T020000Z/);
  const dry = await space.vya(['prune', '--dry-run']);
  expect(dry.stdout).toMatch(/keep +main\/pruned\/20260105T020000Z .*pinned/);
  expect(dry.stdout).toMatch(/would delete +main\/pruned\/20260106T020000Z/);
  expect((await space.vya(['unpin', '20260105T020000Z'])).code).toBe(0);
  expect((await space.vya(['prune', '--dry-run'])).stdout).toMatch(
    /would delete +main\/pruned\/20260105T020000Z/,
  );
});

test('prune does what the dry run said, with a reason for each, and what it leaves is whole', async () => {
  const planned = (await space.vya(['prune', '--dry-run', '--format', 'json'])).json<Pruned>();
  expect((await ids()).length).toBe(7);
  const done = await space.vya(['prune', '--format', 'json']);
  expect(done.code, done.stderr).toBe(0);
  const { decisions, deleted } = done.json<Pruned>().databases[0] as Pruned['databases'][number];
  expect(decisions).toEqual(planned.databases[0]?.decisions);
  expect(decisions.every(({ reasons }) => reasons.length > 0)).toBe(true);
  expect(deleted.map((id) => id.slice(-16)).sort()).toEqual([
    '20260105T020000Z',
    '20260106T020000Z',
    '20260107T020000Z',
    '20260108T020000Z',
  ]);
  expect((await ids()).length).toBe(3);
  expect((await space.vya(['verify', '--all'])).code).toBe(0);
  expect((await space.vya(['prune', '--format', 'json'])).json<Pruned>().databases[0]?.deleted).toEqual([]);
});

test('a backup prunes its own database, and --skip-prune leaves it alone', async () => {
  await age('20260104T020000Z');
  expect((await space.vya(['backup', '--skip-prune'])).code).toBe(0);
  expect(await ids()).toContain('main/pruned/20260104T020000Z');
  expect((await space.vya(['backup'])).code).toBe(0);
  expect(await ids()).not.toContain('main/pruned/20260104T020000Z');
});

test('a failed backup deletes nothing (F33)', async () => {
  await age('20260103T020000Z');
  await inside.script("CREATE ROLE pruned_reader LOGIN PASSWORD 'reader-pass'");
  const before = await ids();
  await space.vya(['credentials', 'set', 'main', '--username', 'pruned_reader'], { input: 'reader-pass\n' });
  expect((await space.vya(['backup'])).code).toBe(9);
  expect(await ids()).toEqual(before);
  await inside.script('DROP ROLE pruned_reader');
});

interface Pruned {
  databases: { decisions: { id: string; keep: boolean; reasons: string[] }[]; deleted: string[] }[];
}

async function ids(): Promise<string[]> {
  const { backups } = (await space.vya(['list', '--format', 'json'])).json<{ backups: { id: string }[] }>();
  return backups.map(({ id }) => id);
}

/** Makes an older backup out of the newest one: the same files under another time. */
async function age(timestamp: string): Promise<void> {
  const [newest = ''] = await ids();
  const from = join(space.storagePath, newest);
  const to = join(space.storagePath, 'main', database, timestamp);
  await cp(from, to, { recursive: true });
  const file = join(to, 'manifest.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  manifest['id'] = `main/${database}/${timestamp}`;
  manifest['startedAt'] = timestamp.replace(
    /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/,
    '$1-$2-$3T$4:$5:$6.000Z',
  );
  await writeFile(file, JSON.stringify(manifest));
}
