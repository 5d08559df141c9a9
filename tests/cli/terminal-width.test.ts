import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { displayWidth } from '../../src/cli/output/display-width.ts';
import { setCredentials } from '../../src/secrets/credentials.ts';
import { hostKey } from '../../src/secrets/host-key.ts';
import { hostname } from 'node:os';
import { connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { sharedServer } from '../servers/servers.ts';
import { runAtTerminal } from './at-terminal.ts';
import { workspace, type Workspace } from './vya.ts';

const names = ['width_shop', '幅_店舗データベース', 'width_cafe\u0301_😀'];
const quoted = (name: string): string => `"${name}"`;
let server: TestServer;
let space: Workspace;

async function onServer(statements: (name: string) => string): Promise<void> {
  const admin = await connect(server);
  for (const name of names) await admin.script(statements(name));
  await admin.close();
}

beforeAll(async () => {
  server = await sharedServer('postgresql-18');
  await onServer((name) => `DROP DATABASE IF EXISTS ${quoted(name)} WITH (FORCE)`);
  await onServer((name) => `CREATE DATABASE ${quoted(name)}`);
  space = await workspace({
    instances: [{ id: 'a-server-with-a-long-name', server, settings: { databases: names, accounts: true } }],
  });
  const made = await space.vya(['backup']);
  expect(made.code, made.stdout + made.stderr).toBe(0);
});
afterAll(async () => {
  await space.remove();
  await onServer((name) => `DROP DATABASE IF EXISTS ${quoted(name)} WITH (FORCE)`);
});

/** Its lines, as a terminal of that width shows them. */
async function atTerminal(columns: number, args: readonly string[], env = {}): Promise<string[]> {
  const run = runAtTerminal(['--config', space.configPath, ...args], { ...space.env, ...env }, columns);
  expect(await run.code, run.output()).toBe(0);
  return run
    .output()
    .replaceAll(/\r\u001B\[K[^\r\n]*(?=\r\u001B\[K)|\r\u001B\[K/g, '')
    .split(/\r?\n/);
}

async function ids(): Promise<string[]> {
  const { backups } = (await space.vya(['list', '--format', 'json'])).json<{ backups: { id: string }[] }>();
  return backups.map(({ id }) => id);
}

/** The lines of the table: the header, and what stands below it. */
function tableOf(lines: readonly string[], header: RegExp): string[] {
  const from = lines.findIndex((line) => header.test(line));
  return lines.slice(from, from + 1 + names.length);
}

const tables = [
  { args: ['list'], header: /BACKUP/, typed: 'ids' },
  { args: ['prune', '--dry-run'], header: /^ACTION/, typed: 'ids' },
  { args: ['verify'], header: /^BACKUP/, typed: 'ids' },
  { args: ['status'], header: /^INSTANCE/, typed: 'names' },
  { args: ['backup', '--dry-run'], header: /^INSTANCE/, typed: 'names' },
  { args: ['check'], header: /DATABASE/, typed: 'names' },
] as const;

describe.each(tables)('vya $args', ({ args, header, typed }) => {
  test.each([60, 80, 200])('on a terminal %d columns wide', async (columns) => {
    const table = tableOf(await atTerminal(columns, args), header);
    expect(table.length).toBeGreaterThan(names.length);
    // What has to be typed stands there whole, whatever the width.
    const wanted = typed === 'ids' ? (await ids()).slice(0, 1) : names;
    for (const text of wanted) expect(table.join('\n')).toContain(text);
    const least = Math.max(...(typed === 'ids' ? await ids() : names).map(displayWidth)) + 40;
    for (const line of table) {
      if (columns >= least) expect(displayWidth(line), line).toBeLessThanOrEqual(columns);
    }
  });

  test('in a pipe nothing is cut', async () => {
    const { stdout } = await space.vya(args);
    expect(stdout).not.toMatch(/…|no room for/);
    expect(stdout).not.toContain('\u001B');
    const wanted = typed === 'ids' ? await ids() : names;
    for (const text of wanted) expect(stdout).toContain(text);
  });
});

test('columns are aligned under names of wide and combining characters', async () => {
  const lines = tableOf(await atTerminal(200, ['backup', '--dry-run']), /^INSTANCE/);
  const at = lines.map((line) => displayWidth(line.slice(0, /planned|STATUS/.exec(line)?.index)));
  expect(new Set(at).size).toBe(1);
});

test('credentials list cuts which instances use them, and neither name nor user', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vya-test-'));
  const instances = Array.from({ length: 8 }, (_, n) => `server-number-${n}`);
  const config = join(folder, 'config.yaml');
  await writeFile(
    config,
    JSON.stringify({
      instances: instances.map((id) => ({ id, type: 'mysql', host: 'db1', credential: 'shared' })),
      storage: { base_path: folder },
      secrets: { path: join(folder, '.secrets/credentials.json') },
    }),
    { mode: 0o600 },
  );
  const store = { path: join(folder, '.secrets/credentials.json'), key: hostKey(hostname()) };
  await setCredentials(store, new Map([['shared', { username: 'backup', password: 'word' }]]), new Date());
  const run = runAtTerminal(['--config', config, 'credentials', 'list'], space.env, 60);
  expect(await run.code).toBe(0);
  expect(run.output().split(/\r?\n/).slice(0, 2)).toEqual([
    'CREDENTIAL  USER    USED BY',
    'shared      backup  server-number-0, server-number-1, serve…',
  ]);
  await rm(folder, { recursive: true });
});

test('users list keeps users whole', async () => {
  const lines = await atTerminal(60, ['users', 'list', '--instance', 'a-server-with-a-long-name']);
  expect(lines.some((line) => line.startsWith('postgres '))).toBe(true);
  for (const line of lines.slice(1)) expect(displayWidth(line), line).toBeLessThanOrEqual(60);
});

test.each([{ NO_COLOR: '1' }, { TERM: 'dumb' }])('%j: no colour', async (env) => {
  const run = runAtTerminal(['frobnicate'], { ...space.env, ...env });
  expect(await run.code).toBe(3);
  expect(run.output()).toContain("vya: error: Unknown command 'frobnicate'");
});

test('on a terminal that can nothing but print, no line is drawn over', async () => {
  const run = runAtTerminal(['--config', space.configPath, 'verify'], { ...space.env, TERM: 'dumb' });
  expect(await run.code).toBe(0);
  expect(run.output()).not.toContain('\u001B');
});
