import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, sharedServer } from '../servers/servers.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { workspace, type Workspace } from './vya.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const database = 'modes';

for (const kind of ['mariadb-10.11', 'postgresql-18'] as const) {
  describe.skipIf(await serverIsMissing(kind))(`what vya writes of ${kind}`, () => {
    let server: TestServer;
    let space: Workspace;
    let inside: TestDatabase;

    beforeAll(async () => {
      server = await sharedServer(kind);
      inside = await createTestDatabase(
        server,
        database,
        'CREATE TABLE t (id int); INSERT INTO t VALUES (1)',
      );
      space = await workspace({ instances: [{ id: 'main', server, settings: { databases: [database] } }] });
    });
    afterAll(async () => {
      await space.remove();
      await inside.drop();
    });

    /** Everything below a folder whose mode is not 0600 for a file and 0700 for a directory. */
    async function oddModes(folder: string): Promise<string[]> {
      const odd: string[] = [];
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        const { mode } = await lstat(path);
        if ((mode & 0o777) !== (entry.isDirectory() ? 0o700 : 0o600)) odd.push(`${path} ${mode.toString(8)}`);
      }
      return odd;
    }

    test.each(['000', '777'])('is for its owner alone under umask %s (F37)', async (umask) => {
      const base = await mkdtemp(join(space.path, 'umask-'));
      const log = join(base, 'logs', 'vya.log');
      const env = { ...space.env, VYA_STORAGE__BASE_PATH: join(base, 'storage'), VYA_LOGGING__OUTPUT: log };
      for (const args of [
        ['backup', '--rehearse'],
        ['verify', '--rehearse'],
        ['restore', '--instance', 'main', '--database', database, '--latest', '--force'],
      ]) {
        const shell = [
          '-c',
          `umask ${umask}; exec "$0" "$@"`,
          process.execPath,
          main,
          '--config',
          space.configPath,
        ];
        const child = spawn('sh', [...shell, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
        let said = '';
        child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
        const [code] = (await once(child, 'close')) as [number];
        expect(code, `${args.join(' ')}\n${said}`).toBe(0);
      }
      expect(await oddModes(base)).toEqual([]);
      expect(await readFile(log, 'utf8')).toContain('backed up');
    });

    test.each(['.locks', '.locks/main', '.staging', '.staging/main', 'main', `main/${database}`])(
      'does not go through a link that was planted as %s',
      async (planted) => {
        const base = await mkdtemp(join(space.path, 'links-'));
        const elsewhere = await mkdtemp(join(space.path, 'elsewhere-'));
        await mkdir(dirname(join(base, planted)), { recursive: true });
        await symlink(elsewhere, join(base, planted));
        const result = await space.vya(['backup'], {
          env: { VYA_STORAGE__BASE_PATH: base },
          measured: false,
        });
        expect(result.code, result.stdout + result.stderr).toBe(5);
        expect(result.stdout + result.stderr).toContain('symbolic link');
        expect(await readdir(elsewhere)).toEqual([]);
      },
    );

    test('does not go through links in place of a pin or a proof', async () => {
      const base = await mkdtemp(join(space.path, 'marks-'));
      const env = { VYA_STORAGE__BASE_PATH: base };
      const backup = await space.vya(['backup', '--format', 'json'], { env });
      expect(backup.code, backup.stdout + backup.stderr).toBe(0);
      const [made] = backup.json<{ instances: { databases: { path: string; id: string }[] }[] }>()
        .instances[0]!.databases;
      const precious = join(space.path, 'precious');
      await writeFile(precious, 'precious');
      for (const name of ['pin.json', 'proof.json']) await symlink(precious, join(made!.path, name));
      await space.vya(['pin', made!.id], { env });
      await space.vya(['verify', '--rehearse'], { env });
      expect(await readFile(precious, 'utf8')).toBe('precious');
      expect((await lstat(join(made!.path, 'proof.json'))).isFile()).toBe(true);
      await rm(precious);
    });

    test('is not read from a link in place of the credentials, and not logged through one', async () => {
      const secrets = join(space.path, '.secrets/credentials.json');
      const link = join(space.path, 'linked.json');
      await symlink(secrets, link);
      const refused = await space.vya(['backup'], { env: { VYA_SECRETS_PATH: link } });
      expect(refused.code, refused.stdout + refused.stderr).toBe(4);
      expect(refused.stdout + refused.stderr).toContain('symbolic link');
      const precious = join(space.path, 'precious.log');
      await writeFile(precious, 'precious');
      await symlink(precious, join(space.path, 'linked.log'));
      const logged = await space.vya(['backup'], {
        env: { VYA_LOGGING__OUTPUT: join(space.path, 'linked.log') },
      });
      expect(logged.code, logged.stdout + logged.stderr).toBe(3);
      expect(await readFile(precious, 'utf8')).toBe('precious');
    });
  });
}
