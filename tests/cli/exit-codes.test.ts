import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { sharedServer } from '../servers/servers.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { runVya, type VyaResult, workspace, type Workspace } from './vya.ts';

const database = 'exit_codes';
const nobody = { user: 'exit_codes_reader', password: 'reader-pass' };
let server: TestServer;
let space: Workspace;
let inside: TestDatabase;

beforeAll(async () => {
  server = await sharedServer('postgresql-15');
  inside = await createTestDatabase(
    server,
    database,
    "CREATE TABLE customers (id int PRIMARY KEY, name text); INSERT INTO customers VALUES (1, 'Ana'), (2, 'Zoë')",
  );
  await inside.script(`CREATE ROLE ${nobody.user} LOGIN PASSWORD '${nobody.password}'`);
  space = await workspace({ instances: [{ id: 'main', server, settings: { databases: [database] } }] });
  expectCode(await space.vya(['backup']), 0);
});

afterAll(async () => {
  await space.remove();
  await inside.script(`DROP ROLE ${nobody.user}`);
  await inside.drop();
});

test('0: a backup that succeeds, and a list of nothing', async () => {
  expectCode(await space.vya(['backup']), 0);
  const empty = await workspace({ instances: [{ id: 'main', server }] });
  await mkdir(empty.storagePath);
  expectCode(await empty.vya(['list']), 0);
  await empty.remove();
});

test('1: one database is there, another is not', async () => {
  const result = await space.vya([
    'backup',
    '--database',
    database,
    '--database',
    'not_there',
    '--format',
    'json',
  ]);
  expectCode(result, 1);
  expect(result.json()).toMatchObject({ status: 'partial', code: 1 });
  expect(result.stdout).toContain('not_there');
});

test.each(['mariadb-10.11', 'postgresql-15'] as const)(
  '1: a %s server refuses the login, and another one is backed up all the same',
  async (kind) => {
    const login = { user: 'nobody_here', password: 'not the password' };
    const two = await workspace({
      instances: [
        { id: 'closed', server: await sharedServer(kind), login },
        { id: 'main', server, settings: { databases: [database] } },
      ],
    });
    const result = await two.vya(['backup', '--format', 'json']);
    expectCode(result, 1);
    expect(result.stderr).not.toContain('unexpected');
    expect((await two.vya(['list', '--format', 'json'])).stdout).toContain(`main/${database}/`);
    await two.remove();
  },
);

test('2: everything fails, each for another reason', async () => {
  const two = await workspace({
    instances: [
      { id: 'unreachable', server, settings: { port: 1 } },
      { id: 'main', server, settings: { databases: ['not_there'] } },
    ],
  });
  const result = await two.vya(['backup', '--format', 'json']);
  expectCode(result, 2);
  expect(result.json()).toMatchObject({ status: 'error', code: 2 });
  await two.remove();
});

describe('3: usage and configuration', () => {
  test.each([
    [['frobnicate'], 'Unknown command'],
    [['backup', '--frobnicate'], 'Unknown option'],
    [['backup', '--jobs', '0'], 'It must be a whole number from 1 up'],
    [['backup', '--instance', 'nowhere'], 'No instance is called nowhere'],
    [['restore', '--latest'], 'Which database?'],
    [['restore', '--instance', 'main', '--database', database], 'Which backup?'],
    [['restore', '--latest', '--id', 'x'], 'cannot be used with'],
    [['list', '--date', '2026-02-30'], 'not a date'],
    [['--format', 'xml', 'list'], 'Allowed choices are text, json'],
  ])('%j', async (args, message) => {
    const result = await space.vya(args);
    expectCode(result, 3);
    expect(result.stderr).toContain(message);
    expect(result.stderr).not.toMatch(/^\s+at /m);
    expect(result.stdout).toBe('');
  });

  test('a usage error is JSON where JSON was asked for', async () => {
    const result = await space.vya(['--format', 'json', 'frobnicate']);
    expectCode(result, 3);
    expect(result.json()).toEqual({
      status: 'error',
      error: {
        code: 3,
        kind: 'usage',
        message: expect.stringContaining('frobnicate'),
        hint: expect.any(String),
      },
    });
  });

  test('a broken configuration, with every problem', async () => {
    const file = join(space.path, 'config/broken.yaml');
    await writeFile(
      file,
      'instances:\n  - { id: main, type: mysql, host: db, prot: 1 }\nstorage: { compression_level: 12 }\n',
      { mode: 0o600 },
    );
    const result = await space.vya(['config', 'validate', '--config', file]);
    expectCode(result, 3);
    expect(result.stderr).toMatch(/instances\[0\]\.prot.*port/s);
    expect(result.stderr).toContain('storage.compression_level');
  });

  test('a restore over an existing database that nobody confirmed', async () => {
    const result = await space.vya(['restore', '--instance', 'main', '--database', database, '--latest']);
    expectCode(result, 3);
    expect(result.stderr).toContain('--force');
  });
});

test.each(['template1', 'postgres', 'vya_tmp_mine', 'é'.repeat(32)])(
  '3: nothing is restored as %s, not even with --force',
  async (name) => {
    const args = ['restore', '--instance', 'main', '--database', database, '--latest', '--force'];
    const result = await space.vya([...args, '--target-database', name]);
    expectCode(result, 3);
    expect(result.stderr).toContain(`Nothing is restored as “${name}”`);
  },
);

describe('4: credentials', () => {
  test('missing', async () => {
    const other = await workspace({ instances: [{ id: 'main', server }] });
    expectCode(await other.vya(['credentials', 'remove', 'main', '--force']), 0);
    const result = await other.vya(['check']);
    expectCode(result, 4);
    expect(result.stdout + result.stderr).toContain('vya credentials set main');
    await other.remove();
  });

  test('tampered with', async () => {
    const other = await workspace({ instances: [{ id: 'main', server }] });
    const file = join(other.path, '.secrets/credentials.json');
    const text = await readFile(file, 'utf8');
    await writeFile(
      file,
      text.replaceAll(/gAAAAA(.{40})./g, (_, kept: string) => `gAAAAA${kept}-`),
    );
    expectCode(await other.vya(['backup']), 4);
    await other.remove();
  });
});

test('5: the storage path is not a directory', async () => {
  const other = await workspace({
    instances: [{ id: 'main', server }],
    storage: { base_path: '/dev/null/backups' },
  });
  const result = await other.vya(['backup']);
  expectCode(result, 5);
  expect(result.stderr).toContain('/dev/null');
  await other.remove();
});

describe('6: connection', () => {
  test('nobody listens', async () => {
    const other = await workspace({ instances: [{ id: 'main', server, settings: { port: 1 } }] });
    const result = await other.vya(['backup', '--format', 'json']);
    expectCode(result, 6);
    expect(result.json()).toMatchObject({
      status: 'error',
      error: { code: 6, kind: 'connection', hint: expect.any(String) },
    });
    await other.remove();
  });

  test('a wrong password, which is not repeated', async () => {
    const login = { user: server.admin.user, password: 'not-the-canary' };
    const other = await workspace({ instances: [{ id: 'main', server, login }] });
    const result = await other.vya(['backup', '--verbose']);
    expectCode(result, 6);
    expect(result.stdout + result.stderr).not.toContain('not-the-canary');
    await other.remove();
  });
});

test('7: no such backup', async () => {
  expectCode(await space.vya(['restore', '--id', '19990101T000000Z', '--target-database', 'copy']), 7);
  expectCode(await space.vya(['restore', '--file', '/nowhere', '--target-instance', 'main']), 7);
  expectCode(await space.vya(['verify', '--database', 'not_there']), 7);
});

test('8: a flipped bit', async () => {
  const other = await workspace({ instances: [{ id: 'main', server, settings: { databases: [database] } }] });
  expectCode(await other.vya(['backup']), 0);
  const { backups } = (await other.vya(['list', '--format', 'json'])).json<{ backups: { path: string }[] }>();
  const folder = backups[0]?.path ?? '';
  const name = (await readdir(folder)).find((each) => each.includes('.pgdump')) ?? '';
  const bytes = await readFile(join(folder, name));
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
  await writeFile(join(folder, name), bytes);
  const result = await other.vya(['verify', '--format', 'json']);
  expectCode(result, 8);
  expect(result.json()).toMatchObject({ status: 'error', error: { kind: 'verification' } });
  await other.remove();
});

test('9: an account that may not read', async () => {
  const other = await workspace({
    instances: [{ id: 'main', server, login: nobody, settings: { databases: [database] } }],
  });
  const result = await other.vya(['backup']);
  expectCode(result, 9);
  expect(result.stdout).toContain('GRANT');
  expectCode(await other.vya(['check']), 9);
  await other.remove();
});

test('10: a bug, provoked from outside', async () => {
  const bug = 'process.getuid = () => { throw new TypeError("provoked") }';
  const env = { ...space.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(bug)}` };
  const result = await space.vya(['list'], { env });
  expectCode(result, 10);
  expect(result.stderr).toContain(
    'This is a bug in vya. Run again with --verbose and report what it prints.',
  );
});

describe('while another session holds a table', () => {
  let release: () => Promise<void>;
  beforeAll(async () => {
    const connection = await connect(server, database);
    await connection.script('BEGIN; LOCK TABLE customers IN ACCESS EXCLUSIVE MODE');
    release = async () => {
      await connection.script('ROLLBACK');
      await connection.close();
    };
  });
  afterAll(() => release());

  test('11: another backup of the same instance, which names who holds the lock', async () => {
    const abort = new AbortController();
    const first = space.vya(['backup'], { signal: abort.signal });
    await dumpIsWaiting();
    const second = await space.vya(['backup']);
    expectCode(second, 11);
    expect(second.stdout + second.stderr).toMatch(/vya backup, process \d+ on /);
    abort.abort();
    await first;
  });

  test.each([
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends the dump, its server session and its files, with code %d', async (signal, code) => {
    const before = await backupIds();
    const { child, result } = space.start(['backup']);
    await dumpIsWaiting();
    child.kill(signal);
    expectCode(await result, code);
    expect(await backupIds()).toEqual(before);
    expect((await readdir(join(space.storagePath, '.staging/main'))).length).toBe(0);
    await expect.poll(waitingSessions, { timeout: 60_000 }).toBe(0);
  });

  const dumpIsWaiting = async (): Promise<void> => {
    await expect.poll(waitingSessions, { timeout: 30_000 }).toBe(1);
  };
});

async function waitingSessions(): Promise<number> {
  const sql = `SELECT pid FROM pg_stat_activity WHERE datname = '${database}' AND wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%'`;
  return (await inside.query(sql)).length;
}

async function backupIds(): Promise<string[]> {
  const { backups } = (await space.vya(['list', '--format', 'json'])).json<{ backups: { id: string }[] }>();
  return backups.map(({ id }) => id);
}

/** Shows everything that vya said where the code is another one. */
function expectCode(result: VyaResult, code: number): void {
  expect(result.code, `${result.stdout}\n${result.stderr}`).toBe(code);
}

test('--help of every command has examples, and the version is the package’s', async () => {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect((await runVya(['--version'])).stdout.trim()).toBe(version);
  for (const command of [
    'backup',
    'list',
    'restore',
    'verify',
    'prune',
    'pin',
    'unpin',
    'check',
    'credentials',
    'config',
  ]) {
    const help = await runVya([command, '--help']);
    expectCode(help, 0);
    expect(help.stdout).toContain('Examples:');
  }
});
