import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { throughFault } from '../faults/through-fault.ts';
import type { TestServer } from '../servers/server.ts';
import { pathWith, serverIsMissing, startServer } from '../servers/servers.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { workspace, type Workspace } from './vya.ts';

/** MariaDB's programs are found under their old names, too. */
const olderNames: Record<string, string[]> = { 'mariadb-dump': ['mysqldump'], mariadb: ['mysql'] };

/** Client programs that misbehave, put before the real ones on PATH: what they were asked for else, they do. */
describe.skipIf(await serverIsMissing('mariadb-10.11'))('a program that', () => {
  let server: TestServer;
  let space: Workspace;
  let inside: TestDatabase;
  let shims: string;
  const database = 'faulty';

  beforeAll(async () => {
    // Its own: elsewhere other tests make scratch databases.
    server = await startServer('mariadb-10.11');
    const sql =
      "CREATE TABLE customers (id int PRIMARY KEY, name text); INSERT INTO customers VALUES (1, 'Ana')";
    inside = await createTestDatabase(server, database, sql);
    space = await workspace({ instances: [{ id: 'main', server, settings: { databases: [database] } }] });
    shims = join(space.path, 'shims');
    expect((await space.vya(['backup'])).code).toBe(0);
  });
  afterEach(() => rm(shims, { recursive: true, force: true }));
  afterAll(async () => {
    await space.remove();
    await server.stop();
  });

  test.each([
    [
      'dumps half and exits with 3',
      'mariadb-dump',
      'dump "$@" | head -c 300; echo "Lost connection" >&2; exit 3',
      2,
      'exited with 3',
    ],
    [
      'dumps half and is killed',
      'mariadb-dump',
      'dump "$@" | head -c 300; kill -9 $$',
      2,
      'was ended by SIGKILL',
    ],
    ['dumps nothing and exits with 0', 'mariadb-dump', 'exit 0', 2, 'The dump is not whole'],
    [
      'dumps half and exits with 0',
      'mariadb-dump',
      'dump "$@" | head -c 300; exit 0',
      2,
      'The dump is not whole',
    ],
    [
      'compresses half and fails',
      'zstd',
      'head -c 100; echo "write error" >&2; exit 1',
      2,
      'zstd exited with 1',
    ],
    [
      'finds the disk full',
      'zstd',
      'cat >/dev/null; echo "No space left on device" >&2; exit 1',
      5,
      'storage is full',
    ],
  ])(
    '%s leaves no backup but those that were there (F1, F29)',
    async (what, program, script, code, message) => {
      await shim(program, script);
      const path = await shimmedPath();
      await throughFault(
        `a ${program} that ${what}`,
        space.storagePath,
        () => space.vya(['backup'], { env: { PATH: path } }),
        async (result) => {
          expect(result.code, result.stdout + result.stderr).toBe(code);
          expect(result.stdout).toContain(message);
          const { backups } = (await space.vya(['list', '--format', 'json'])).json<{ backups: unknown[] }>();
          expect(backups).toHaveLength(1);
          expect(await readdir(join(space.storagePath, '.staging/main'))).toEqual([]);
        },
      );
    },
  );

  test('reaches another server than the connection stops the backup (F44)', async () => {
    await shim('mariadb', 'case "$*" in *"SELECT SHA2"*) echo 0000; exit 0;; esac; dump "$@"');
    const path = await shimmedPath();
    await throughFault(
      'a client that reaches another server',
      space.storagePath,
      () => space.vya(['backup'], { env: { PATH: path } }),
      (result) => {
        expect(result.code, result.stdout + result.stderr).toBe(2);
        expect(result.stdout).toContain('reaches another server');
      },
    );
  });

  test('fails while loading leaves the target as it was, and no scratch database (F17, F18)', async () => {
    await inside.script("UPDATE customers SET name = 'changed since'");
    await shim(
      'mariadb',
      'case "$*" in *vya_tmp_*) head -c 200 >/dev/null; echo "ERROR 1062" >&2; exit 1;; esac; dump "$@"',
    );
    const args = ['restore', '--instance', 'main', '--database', database, '--latest', '--force'];
    const loading = await shimmedPath();
    await throughFault(
      'a client that fails while loading',
      space.storagePath,
      () => space.vya(args, { env: { PATH: loading } }),
      async (result) => {
        expect(result.code, result.stdout + result.stderr).toBe(2);
        expect(await inside.query('SELECT name FROM customers')).toEqual([{ name: 'changed since' }]);
        expect(await inside.query("SHOW DATABASES LIKE 'vya\\_tmp\\_%'")).toEqual([]);
      },
    );
  });

  /** `dump` in a script is the real program of that name; --version and --help are always answered by it. */
  async function shim(program: string, script: string): Promise<void> {
    await mkdir(shims, { recursive: true });
    const path = await pathWith(server);
    const text = `#!/bin/sh
dump() { PATH='${path}' ${program} "$@"; }
case "$*" in *--version*|*--help*) dump "$@"; exit;; esac
${script}
`;
    for (const name of [program, ...(olderNames[program] ?? [])]) {
      await writeFile(join(shims, name), text, { mode: 0o755 });
    }
  }

  async function shimmedPath(): Promise<string> {
    return `${shims}:${await pathWith(server)}`;
  }
});
