import { chmod, chown, glob, lstat, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { isRoot } from '../servers/cache.ts';
import type { TestServer } from '../servers/server.ts';
import { sharedServer } from '../servers/servers.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { workspace, type Workspace } from './vya.ts';

if (!isRoot)
  process.stderr.write('\nNOT TESTED HERE: what becomes of root by security.run_as; this is not root\n\n');

describe.skipIf(!isRoot)('security.run_as', () => {
  const nobody = 65534;
  let server: TestServer;
  let database: TestDatabase;
  let space: Workspace;

  beforeAll(async () => {
    server = await sharedServer('postgresql-15');
    database = await createTestDatabase(
      server,
      'rights',
      'CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)',
    );
  });
  afterAll(() => database.drop());

  beforeEach(async () => {
    space = await workspace({ instances: [{ id: 'main', server, settings: { databases: ['rights'] } }] });
    // As a package lays it out: the configuration is root's, and the user may read it.
    await Promise.all([space.path, join(space.path, 'config')].map((path) => chmod(path, 0o755)));
    await runAs('nobody');
    await chown(space.configPath, 0, nobody);
    await chmod(space.configPath, 0o640);
    const secrets = join(space.path, '.secrets');
    for await (const name of glob('**', { cwd: secrets })) await chown(join(secrets, name), nobody, nobody);
    await chown(secrets, nobody, nobody);
  });
  afterEach(() => space.remove());

  async function runAs(name: string): Promise<void> {
    const content = parse(await readFile(space.configPath, 'utf8')) as object;
    await writeFile(space.configPath, stringify({ ...content, security: { run_as: name } }));
  }

  test('is who backs up, restores and prunes for root, and whose the backups are', async () => {
    await mkdir(space.storagePath, { mode: 0o700 });
    // Where root is at home, and nobody else.
    const cwd = join(space.path, 'root');
    await mkdir(cwd, { mode: 0o700 });
    await chown(space.storagePath, nobody, nobody);
    for (const args of [
      ['backup', '--rehearse'],
      ['backup'],
      ['restore', '--instance', 'main', '--database', 'rights', '--latest', '--force'],
      ['prune'],
    ]) {
      const { code, stdout, stderr } = await space.vya(args, { cwd });
      expect(code, stdout + stderr).toBe(0);
      expect(stdout + stderr).not.toContain('could not');
    }
    let files = 0;
    for await (const name of glob('**', { cwd: space.storagePath })) {
      expect([name, (await lstat(join(space.storagePath, name))).uid]).toEqual([name, nobody]);
      files += 1;
    }
    expect(files).toBeGreaterThan(10);
  });

  test('is whose the credentials are that root stores', async () => {
    await rm(join(space.path, '.secrets/credentials.json'));
    const { code, stderr } = await space.vya(['credentials', 'set', 'main', '--username', 'backup'], {
      input: 'a password\n',
    });
    expect(code, stderr).toBe(0);
    expect((await stat(join(space.path, '.secrets/credentials.json'))).uid).toBe(nobody);
  });

  test('is whom a schedule starts, unless another one is named', async () => {
    const image = join(space.path, 'tmp');
    await space.vya(['schedule', 'install', '--cron', '--root', image]);
    expect(await readFile(join(image, 'etc/cron.d/vya'), 'utf8')).toMatch(/ \* \* \* nobody nice /);
    await space.vya(['schedule', 'install', '--cron', '--root', image, '--user', 'daemon']);
    expect(await readFile(join(image, 'etc/cron.d/vya'), 'utf8')).toMatch(/ \* \* \* daemon nice /);
  });

  test('that the system does not know is said, and nothing is done as root', async () => {
    await runAs('no-such-user');
    const { code, stderr } = await space.vya(['backup']);
    expect(code).toBe(3);
    expect(stderr).toContain('The system has no user no-such-user');
    await expect(stat(space.storagePath)).rejects.toThrow('ENOENT');
  });
});
