import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { sharedServer } from '../servers/servers.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { type VyaResult, workspace, type Workspace } from './vya.ts';

const database = 'quiet_shop';
let server: TestServer;
let inside: TestDatabase;
let space: Workspace;

beforeAll(async () => {
  server = await sharedServer('postgresql-18');
  const sql = 'CREATE TABLE customers (id int PRIMARY KEY); INSERT INTO customers VALUES (1)';
  inside = await createTestDatabase(server, database, sql);
  space = await workspace({
    instances: [
      { id: 'main', server, settings: { databases: [database], accounts: true } },
      { id: 'gone', server, settings: { port: 1, connect_retries: 0 } },
    ],
  });
  const made = await space.vya(['backup', '--instance', 'main']);
  expect(made.code, made.stdout + made.stderr).toBe(0);
});
afterAll(async () => {
  await space.remove();
  await inside.drop();
  const admin = await connect(server);
  await admin.script(`DROP DATABASE IF EXISTS ${database}_copy WITH (FORCE)`);
  await admin.close();
});

/** The commands that cron and timers run. */
const lines = [
  'check --instance main',
  'backup --instance main',
  'backup --instance main --rehearse',
  'users backup --instance main',
  'verify --latest',
  'prune',
  `restore --instance main --database ${database} --latest --target-database ${database}_copy`,
  `restore --instance main --database ${database} --latest --force`,
  'users restore --instance main --all --skip-existing --dry-run',
];

test.each(lines)('vya --quiet %s says nothing when all is well', async (line) => {
  const { code, stdout, stderr } = await vya(line);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
});

test.each([
  ['check --instance gone', 6, 'gone: cannot connect to 127.0.0.1:1: connection refused'],
  ['backup --instance gone', 6, 'gone: cannot connect to 127.0.0.1:1: connection refused'],
  ['users backup --instance gone', 6, 'gone: cannot connect to 127.0.0.1:1: connection refused'],
  ['restore --instance main --database nothing --latest', 7, 'There is no backup of main/nothing'],
  [`restore --instance main --database ${database} --latest`, 3, 'replacing it was not confirmed'],
  ['verify --database nothing', 7, 'There is no backup of a database “nothing”'],
] as const)('vya --quiet %s tells on stderr what failed', async (line, code, message) => {
  const result = await vya(line);
  expect(result.code, result.stdout + result.stderr).toBe(code);
  expect(result.stderr).toContain(message);
});

test('vya --quiet prune tells on stderr that the storage is gone', async () => {
  const env = { VYA_STORAGE__BASE_PATH: '/nonexistent/vya' };
  const result = await space.vya(['--quiet', 'prune'], { env, measured: false });
  expect(result.code).toBe(5);
  expect(result.stderr).toContain('/nonexistent/vya');
});

test('vya --quiet verify tells on stderr which backup is damaged', async () => {
  const { backups } = (await space.vya(['list', '--database', database, '--format', 'json'])).json<{
    backups: { id: string; path: string }[];
  }>();
  const [{ id, path } = { id: '', path: '' }] = backups;
  const files = await readdir(path, { recursive: true });
  const name = files.find((each) => each.endsWith('toc.dat')) ?? '';
  const bytes = await readFile(join(path, name));
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
  await writeFile(join(path, name), bytes);
  const result = await vya('verify --latest');
  expect(result.code).toBe(1);
  expect(result.stderr).toContain(id);
  expect(result.stderr).toContain('is damaged');
});

function vya(line: string): Promise<VyaResult> {
  return space.vya(['--quiet', ...line.split(' ')], { measured: false });
}
