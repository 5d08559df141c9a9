import { expectKept, keptTable } from './kept.ts';
import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandTable } from '../../src/cli/command-table.ts';
import type { TestServer } from '../servers/server.ts';
import { sharedServer } from '../servers/servers.ts';
import { installVya, type Installation } from './installation.ts';
import { loadedPackages, packagesNamedIn } from './loaded-packages.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { runVya, workspace, type Workspace } from './vya.ts';

const subcommands = {
  users: ['backup', 'list', 'restore'],
  credentials: ['set', 'list', 'remove', 'import', 'rekey'],
  config: ['validate', 'show', 'schema'],
};
const commands = [
  ...commandTable.map(({ name }) => [name]),
  ...Object.entries(subcommands).flatMap(([group, names]) => names.map((name) => [group, name])),
];
const commandLine = ['@commander-js/extra-typings', 'commander'];

let installed: Installation;

beforeAll(async () => (installed = await installVya()));
afterAll(() => installed.remove());

describe('an installed vya', () => {
  test('holds all that it needs, and the licences of what it holds', async () => {
    const manifest = JSON.parse(await readFile(join(installed.folder, 'package.json'), 'utf8')) as object;
    expect(manifest).not.toHaveProperty('dependencies');
    await expect(access(join(installed.folder, 'node_modules'))).rejects.toThrow('ENOENT');
    const licences = await readFile(join(installed.folder, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
    const files = await readdir(join(installed.folder, 'dist'), { recursive: true });
    const modules = await Promise.all(
      files
        .filter((name) => name.endsWith('.js'))
        .map(async (name) => await readFile(join(installed.folder, 'dist', name), 'utf8')),
    );
    const names = new Set(modules.flatMap(packagesNamedIn));
    expect([...names]).toEqual(expect.arrayContaining(['knex', 'mysql2', 'pg', 'zod', 'yaml', 'pino']));
    for (const name of names) expect(licences).toContain(`\n${name} `);
  });

  test('says its version', async () => {
    const { version } = JSON.parse(
      await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    expect((await runVya(['--version'], { main: installed.main })).stdout).toBe(`${version}\n`);
  });

  test.each([[], ...commands].map((words) => [words.join(' '), words] as const))(
    'helps with “%s” as its sources do, and loads nothing for it but the command line',
    async (_name, words) => {
      const args = [...words, '--help'];
      const { result, packages } = await loadedPackages((options) => runVya(args, options), {
        main: installed.main,
      });
      expect(result.code, result.stderr).toBe(0);
      expect(packages).toEqual(commandLine);
      const sources = await loadedPackages((options) => runVya(args, options), { measured: false });
      expect(sources.packages).toEqual(commandLine);
      expect(result.stdout).toBe(sources.result.stdout);
    },
  );
});

describe.each([
  ['mariadb-10.11', 'mysql2', 'pg'],
  ['postgresql-15', 'pg', 'mysql2'],
] as const)('an installed vya on %s', (kind, driver, otherDriver) => {
  let space: Workspace;
  let database: TestDatabase;
  let server: TestServer;

  beforeAll(async () => {
    server = await sharedServer(kind);
    database = await createTestDatabase(server, 'installed', keptTable);
    space = await workspace({
      instances: [{ id: 'main', server, settings: { databases: ['installed'] } }],
      retention: { daily: 7, timezone: 'UTC' },
    });
  });
  afterAll(async () => {
    await space.remove();
    await database.drop();
  });

  const run = (args: readonly string[], env: Record<string, string> = {}) =>
    loadedPackages((options) => space.vya(args, options), { main: installed.main, env });

  test.each(['with zstd on PATH', 'without it'])('backs up, proves and restores %s', async (zstd) => {
    const env: Record<string, string> = zstd === 'without it' ? { PATH: server.binDir } : {};
    if (env['PATH']) await expect(access(join(env['PATH'], 'zstd'))).rejects.toThrow('ENOENT');
    const backup = await run(['backup', '--rehearse', '--format', 'json'], env);
    expect(backup.result.code, backup.result.stdout + backup.result.stderr).toBe(0);
    expect(backup.packages).toEqual(expect.arrayContaining(['knex', driver]));
    expect(backup.packages).not.toContain(otherDriver);
    const words = [
      '--instance',
      'main',
      '--database',
      'installed',
      '--latest',
      '--target-database',
      'installed_copy',
    ];
    const restore = await run(['restore', ...words], env);
    expect(restore.result.code, restore.result.stdout + restore.result.stderr).toBe(0);
    await expectKept(server, 'installed_copy');
    await database.script('DROP DATABASE installed_copy');
  });

  test.each([[['list']], [['prune', '--dry-run']], [['status']], [['config', 'validate']]])(
    '%j loads no driver and no prompt',
    async (args) => {
      const { result, packages } = await run(args);
      expect(result.code, result.stderr).toBe(0);
      expect(packages).toEqual(expect.arrayContaining([...commandLine, 'yaml', 'zod']));
      expect(packages.filter((name) => /^(knex|mysql2|pg|@clack)/.test(name))).toEqual([]);
    },
  );
});
