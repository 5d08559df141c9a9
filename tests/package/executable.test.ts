import { expectKept, keptTable } from '../cli/kept.ts';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { platform } from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../cli/test-database.ts';
import { runVya, type VyaResult, workspace, type Workspace } from '../cli/vya.ts';
import type { TestServer } from '../servers/server.ts';
import { sharedServer } from '../servers/servers.ts';
import { builtExecutable } from './built-package.ts';

const isLinux = platform === 'linux';
if (!isLinux) process.stderr.write('\nNOT TESTED HERE: the single executable; it is made for Linux\n\n');

let program: string;
let space: string;

beforeAll(async () => {
  if (!isLinux) return;
  program = await builtExecutable();
  space = await mkdtemp(join(tmpdir(), 'vya-test-'));
});
afterAll(async () => {
  if (isLinux) await rm(space, { recursive: true, force: true });
});

const start = (args: readonly string[], env: Record<string, string> = {}): Promise<VyaResult> =>
  runVya(args, { program, env, cwd: space });

describe.skipIf(!isLinux)('the single executable', () => {
  test('starts where there is nothing on PATH, and says its version', async () => {
    const { version } = JSON.parse(
      await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    expect(await start(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('helps as the sources do', async () => {
    for (const words of [[], ['backup'], ['users', 'restore'], ['schedule']]) {
      const [built, sources] = await Promise.all([start([...words, '--help']), runVya([...words, '--help'])]);
      expect(built).toMatchObject({ code: 0, stdout: sources.stdout, stderr: '' });
    }
  });

  test('takes NODE_OPTIONS for none of its own', async () => {
    const meddler = join(space, 'meddler.cjs');
    await writeFile(meddler, `process.stdout.write('meddled\\n');`);
    const options = { NODE_OPTIONS: `--require=${meddler} --max-old-space-size=1 --no-such-option` };
    expect(await start(['--version'], options)).toMatchObject({ code: 0, stderr: '' });
    expect((await start(['--version'], options)).stdout).not.toContain('meddled');
  });

  test('is what a schedule starts, by whatever name it was started', async () => {
    const config = join(space, 'config.yaml');
    await writeFile(config, JSON.stringify({ instances: [{ id: 'one', type: 'mysql', host: 'db' }] }));
    const { stdout, stderr } = await runVya(['--config', config, 'schedule', 'print', '--systemd'], {
      program: 'vya',
      env: { PATH: dirname(program) },
    });
    expect(stdout, stderr).toContain(`ExecStart=${program} --config ${config} --quiet backup\n`);
  });

  test('tells a mistake and its code as ever', async () => {
    expect(await start(['no-such-command'])).toMatchObject({ code: 3 });
  });
});

describe.skipIf(!isLinux).each(['mariadb-10.11', 'postgresql-15'] as const)(
  'the single executable on %s',
  (kind) => {
    let place: Workspace;
    let database: TestDatabase;
    let server: TestServer;

    beforeAll(async () => {
      server = await sharedServer(kind);
      database = await createTestDatabase(server, 'packaged', keptTable);
      place = await workspace({ instances: [{ id: 'main', server, settings: { databases: ['packaged'] } }] });
    });
    afterAll(async () => {
      await place.remove();
      await database.drop();
    });

    test.each(['with zstd on PATH', 'by itself where no codec is installed'])(
      'backs up, proves and restores %s',
      async (zstd) => {
        const env: Record<string, string> = zstd === 'with zstd on PATH' ? {} : { PATH: server.binDir };
        if (env['PATH']) await expect(access(join(env['PATH'], 'zstd'))).rejects.toThrow('ENOENT');
        const vya = (...args: string[]) => place.vya([...args], { program, env });
        const backup = await vya('backup', '--rehearse', '--format', 'json');
        expect(backup.code, backup.stdout + backup.stderr).toBe(0);
        const words = ['--instance', 'main', '--database', 'packaged', '--latest'];
        const restore = await vya('restore', ...words, '--target-database', 'packaged_copy');
        expect(restore.code, restore.stdout + restore.stderr).toBe(0);
        await expectKept(server, 'packaged_copy');
        await database.script('DROP DATABASE packaged_copy');
      },
    );

    test('writes its log to a file, and verifies what another vya made', async () => {
      await place.configure({});
      const made = await place.vya(['backup']);
      expect(made.code, made.stderr).toBe(0);
      const log = join(place.path, 'vya.log');
      const verified = await place.vya(['verify', '--latest'], {
        program,
        env: { VYA_LOGGING__OUTPUT: log },
      });
      expect(verified.code, verified.stdout + verified.stderr).toBe(0);
      expect(await readFile(log, 'utf8')).toContain('INFO    verified');
    });
  },
);
