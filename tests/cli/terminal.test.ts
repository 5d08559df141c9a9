import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { sharedServer } from '../servers/servers.ts';
import { runAtTerminal, type TerminalRun } from './at-terminal.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { workspace, type Workspace } from './vya.ts';

const database = 'terminal';
let server: TestServer;
let space: Workspace;
let inside: TestDatabase;

beforeAll(async () => {
  server = await sharedServer('postgresql-15');
  const sql = 'CREATE TABLE customers (id int PRIMARY KEY); INSERT INTO customers VALUES (1)';
  inside = await createTestDatabase(server, database, sql);
  space = await workspace({ instances: [{ id: 'main', server, settings: { databases: [database] } }] });
});

afterAll(async () => {
  await space.remove();
  await inside.drop();
});

test('a backup shows a line of progress while it works, then the report, and no log lines', async () => {
  const blocker = await connect(server, database);
  await blocker.script('BEGIN; LOCK TABLE customers IN ACCESS EXCLUSIVE MODE');
  const run = atTerminal(['backup']);
  await expect
    .poll(() => run.output(), { timeout: 30_000 })
    .toMatch(/\r\u001B\[Kmain\/terminal: [\d.]+ k?B, [\d.]+ k?B\/s, [\d.]+ s/);
  await blocker.script('ROLLBACK');
  await blocker.close();
  expect(await run.code, run.output()).toBe(0);
  expect(run.output()).toMatch(/main +terminal +ok/);
  expect(run.output()).not.toContain('INFO');
  // The line is empty again before the report.
  expect(run.output()).toMatch(/\r\u001B\[KINSTANCE/);
  const piped = await space.vya(['backup']);
  expect(piped.stdout + piped.stderr).not.toMatch(/[\r\u001B]/);
});

test('databases that are dumped at the same time share the line, and none has a share that nobody knows', async () => {
  const second = await createTestDatabase(server, `${database}_2`, 'CREATE TABLE customers (id int)');
  const both = [database, `${database}_2`];
  const blockers = await Promise.all(both.map((name) => connect(server, name)));
  for (const blocker of blockers)
    await blocker.script('BEGIN; LOCK TABLE customers IN ACCESS EXCLUSIVE MODE');
  const run = atTerminal(['backup', '--jobs', '2', ...both.flatMap((name) => ['--database', name])]);
  // Which of the two comes first is the one that began first.
  const each = String.raw`(, main/terminal(?:_2)? [\d.]+ k?B){2}`;
  const line = new RegExp(String.raw`\r\u001B\[K[\d.]+ k?B/s${each}`);
  await expect.poll(() => run.output(), { timeout: 60_000 }).toMatch(line);
  for (const blocker of blockers) {
    await blocker.script('ROLLBACK');
    await blocker.close();
  }
  expect(await run.code, run.output()).toBe(0);
  expect(run.output()).not.toContain('%');
  await second.drop();
});

test('a restore over an existing database asks, and no is the answer to Enter', async () => {
  expect((await space.vya(['backup'])).code).toBe(0);
  const args = ['restore', '--instance', 'main', '--database', database, '--latest'];
  const refused = atTerminal(args);
  await expect
    .poll(() => refused.output(), { timeout: 30_000 })
    .toContain('Replace the database “terminal” on main');
  refused.type('\r');
  expect(await refused.code, refused.output()).toBe(3);

  const agreed = atTerminal(args);
  await expect.poll(() => agreed.output(), { timeout: 30_000 }).toContain('Replace the database');
  agreed.type('y');
  expect(await agreed.code, agreed.output()).toBe(0);
  expect(agreed.output()).toContain('Restored main/terminal/');
});

test('a password is asked for without echo', async () => {
  const run = atTerminal(['credentials', 'set', 'typed', '--username', 'ana']);
  await expect.poll(() => run.output(), { timeout: 30_000 }).toMatch(/[Pp]assword/);
  run.type('canary-typed-pass\r');
  expect(await run.code, run.output()).toBe(0);
  expect(run.output()).not.toContain('canary-typed-pass');
  expect((await space.vya(['credentials', 'list'])).stdout).toMatch(/typed +ana/);
});

test('NO_COLOR is honoured', async () => {
  const coloured = atTerminal(['backup', '--frobnicate']);
  expect(await coloured.code).toBe(3);
  expect(coloured.output()).toContain('\u001B[31merror:');
  const plain = atTerminal(['backup', '--frobnicate'], { NO_COLOR: '1' });
  expect(await plain.code).toBe(3);
  expect(plain.output()).toContain('vya: error: Unknown option');
});

function atTerminal(args: readonly string[], env: Record<string, string> = {}): TerminalRun {
  return runAtTerminal(['--config', space.configPath, ...args], { ...space.env, ...env });
}
