import { readFileSync } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { pathWith, serverIsMissing, startServer } from '../servers/servers.ts';
import { runAtTerminal } from './at-terminal.ts';
import { createTestDatabase } from './test-database.ts';
import { type RunOptions, runVya, type VyaResult } from './vya.ts';

const postgresql = 'postgresql-15';
const mariadb = 'mariadb-10.11';
/** Whose rights vya has there, tests/cli/run-as.test.ts tells: this machine has no such user. */
const packaged = readFileSync(
  new URL('../../scripts/package/debian/config.yaml', import.meta.url),
  'utf8',
).replace(/^security:\n.*\n/m, '');
const missing = (await serverIsMissing(postgresql)) || (await serverIsMissing(mariadb));

describe.skipIf(missing)('vya init', () => {
  let postgres: TestServer;
  let maria: TestServer;
  let home: string;
  let configPath: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    // Their own: what other tests keep on a shared server would be checked and backed up, too.
    [postgres, maria] = await Promise.all([startServer(postgresql), startServer(mariadb)]);
    for (const server of [postgres, maria]) {
      await createTestDatabase(server, 'begun', 'CREATE TABLE kept (id int PRIMARY KEY)');
    }
  });
  afterAll(async () => {
    await postgres.stop();
    await maria.stop();
  });
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'vya-test-'));
    configPath = join(home, 'etc/vya/config.yaml');
    env = { PATH: await pathWith(postgres, maria), HOME: home, TMPDIR: home, VYA_CONFIG_PATH: configPath };
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  function vya(args: readonly string[], options: RunOptions = {}): Promise<VyaResult> {
    return runVya(args, { env, cwd: home, ...options });
  }

  function flagsFor({ type, host, port, admin }: TestServer): string[] {
    const kind = type === 'mysql' ? 'mariadb' : 'postgresql';
    return ['init', '--type', kind, '--host', host, '--port', String(port), '--username', admin.user];
  }

  test('by flags: tries the connection, writes configuration and credential, checks, and makes the first backup', async () => {
    const storage = join(home, 'backups');
    const { code, stdout, stderr } = await vya([...flagsFor(postgres), '--storage', storage, '--backup'], {
      input: `${postgres.admin.password}\n`,
    });
    expect(code, stdout + stderr).toBe(0);
    expect(stderr).toContain(`Wrote ${configPath}.`);
    expect(stdout).toMatch(/main +begun +ok/);
    expect((await stat(configPath)).mode & 0o777).toBe(0o600);
    expect(await readFile(configPath, 'utf8')).not.toContain(postgres.admin.password);
    const listed = (await vya(['list', '--format', 'json'])).json<{ backups: { id: string }[] }>();
    expect(listed.backups.map(({ id }) => id).join()).toContain('main/begun/');
  });

  test('a second server is added to the file, and its comments stay', async () => {
    await vya([...flagsFor(postgres), '--storage', join(home, 'backups')], {
      input: `${postgres.admin.password}\n`,
    });
    const before = await readFile(configPath, 'utf8');
    await writeFile(configPath, before.replace('storage:', '# where they go\nstorage:'));
    const { code, stdout, stderr } = await vya([...flagsFor(maria), '--id', 'maria'], {
      input: `${maria.admin.password}\n`,
    });
    expect(code, stdout + stderr).toBe(0);
    expect(stderr).toContain(`Added to ${configPath}.`);
    expect(await readFile(configPath, 'utf8')).toContain('# where they go\n');
    expect((await vya(['config', 'validate'])).stdout).toContain('main, maria');
    const again = await vya([...flagsFor(maria), '--id', 'maria'], { input: `${maria.admin.password}\n` });
    expect([again.code, again.stderr]).toEqual([
      3,
      expect.stringContaining('has an instance maria already') as string,
    ]);
  });

  test.each([
    ['as a package leaves it', packaged],
    ['of comments alone', '# nothing yet\n'],
  ])(
    'the first server is added to a configuration %s, with the storage, and readers stay',
    async (_, text) => {
      await mkdir(dirname(configPath), { recursive: true });
      await writeFile(configPath, text);
      await chmod(configPath, 0o640);
      const unfinished = await vya(['backup']);
      expect(unfinished.code).toBe(3);
      expect(unfinished.stderr).toContain('names no database server yet');
      expect(unfinished.stderr).toContain('vya init');
      const storage = join(home, 'backups');
      const { code, stdout, stderr } = await vya([...flagsFor(postgres), '--storage', storage, '--backup'], {
        input: `${postgres.admin.password}\n`,
      });
      expect(code, stdout + stderr).toBe(0);
      const written = await readFile(configPath, 'utf8');
      for (const line of text.split('\n').filter((each) => each.startsWith('#')))
        expect(written).toContain(line);
      expect((await stat(configPath)).mode & 0o777).toBe(0o640);
      expect((await readdir(join(storage, 'main'))).length).toBeGreaterThan(0);
    },
  );

  test('a login that is refused leaves nothing behind', async () => {
    const { code, stderr } = await vya(flagsFor(maria), { input: 'no-such-password\n' });
    expect(code, stderr).toBe(6);
    expect(stderr).not.toContain('no-such-password');
    await expect(access(configPath)).rejects.toThrow('ENOENT');
  });

  test('an account that may not read enough is told by the statements that grant it', async () => {
    const admin = await connect(maria);
    await admin.script(
      "CREATE OR REPLACE USER vya_init@'%' IDENTIFIED BY 'x1'; GRANT SELECT ON *.* TO vya_init@'%'",
    );
    try {
      const flags = flagsFor(maria).map((word) => (word === maria.admin.user ? 'vya_init' : word));
      const { code, stdout } = await vya([...flags, '--storage', join(home, 'backups')], { input: 'x1\n' });
      expect(stdout).toMatch(/GRANT TRIGGER, EVENT ON `begun`\.\* TO [`']?vya_init/);
      expect([1, 9]).toContain(code);
      expect((await vya(['config', 'validate'])).code).toBe(0);
    } finally {
      await admin.script("DROP USER vya_init@'%'");
      await admin.close();
    }
  });

  test('without a terminal, what has no default must be a flag', async () => {
    const { code, stderr } = await vya(['init', '--host', 'db1']);
    expect([code, stderr]).toEqual([
      3,
      expect.stringContaining('--type and --username must be given') as string,
    ]);
  });

  test('a configuration that cannot be read is not written over', async () => {
    await vya([...flagsFor(postgres), '--storage', join(home, 'backups')], {
      input: `${postgres.admin.password}\n`,
    });
    await writeFile(configPath, 'instances: [\n');
    const { code } = await vya([...flagsFor(maria), '--id', 'maria'], { input: `${maria.admin.password}\n` });
    expect(code).toBe(3);
    expect(await readFile(configPath, 'utf8')).toBe('instances: [\n');
  });

  test('on a terminal it asks, offers what is usual, and at the end the first backup', async () => {
    const run = runAtTerminal(
      ['init', '--host', postgres.host, '--port', String(postgres.port), '--id', 'typed'],
      env,
    );
    const asked = async (question: string): Promise<void> => {
      await expect.poll(() => run.output(), { timeout: 60_000 }).toContain(question);
    };
    await asked('What kind of server?');
    run.type('\u001B[B\u001B[B\r');
    await asked('Which database user');
    run.type(`${postgres.admin.user}\r`);
    await asked(`Password of ${postgres.admin.user}`);
    run.type(`${postgres.admin.password}\r`);
    await asked('Where shall backups be kept?');
    run.type(`${join(home, 'asked')}\r`);
    await asked('Make the first backup now?');
    run.type('y');
    expect(await run.code, run.output()).toBe(0);
    expect(run.output()).not.toContain(postgres.admin.password);
    expect(run.output()).toMatch(/typed +begun +ok/);
  });
});
