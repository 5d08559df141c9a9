import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { statfsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../cli/test-database.ts';
import { type VyaResult, workspace, type Workspace } from '../cli/vya.ts';
import { cannotMount, mountDisk, type SmallDisk } from '../faults/mounted-disk.ts';
import { type Connection, connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';

const database = 'unpacked';
const copy = 'unpacked_copy';
const megabyte = 1024 * 1024;
const patience = { timeout: 60_000, interval: 50 };

/** Two tables whose rows take a while each to load, and one that is large only once it is unpacked. */
const tables = `
  CREATE FUNCTION slow(id int) RETURNS boolean LANGUAGE sql AS 'SELECT pg_sleep(0.4) IS NOT NULL';
  CREATE TABLE a (id int PRIMARY KEY CHECK (slow(id))); INSERT INTO a SELECT generate_series(1, 4);
  CREATE TABLE b (id int PRIMARY KEY CHECK (slow(id))); INSERT INTO b SELECT generate_series(1, 4);
  CREATE TABLE wide (id int PRIMARY KEY, filler text); INSERT INTO wide SELECT n, repeat('x', 1000000) FROM generate_series(1, 40) n`;

if (cannotMount !== undefined) {
  process.stderr.write(
    `\nNOT TESTED HERE: too little room to unpack; no disk can be mounted (${cannotMount})\n\n`,
  );
}

describe.skipIf(await serverIsMissing('postgresql-15'))('a restore of a custom archive by two jobs', () => {
  let server: TestServer;
  let space: Workspace;
  let inside: TestDatabase;
  let watcher: Connection;
  let disk: SmallDisk | undefined;
  let temporary: string;

  beforeAll(async () => {
    server = await startServer('postgresql-15');
    watcher = await connect(server);
    inside = await createTestDatabase(server, database, tables);
    space = await workspace({ instances: [{ id: 'main', server, settings: { databases: [database] } }] });
    const made = await space.vya(['backup', '--skip-accounts']);
    expect(made.code, made.stdout + made.stderr).toBe(0);
    temporary = join(space.path, 'temporary');
    await mkdir(temporary);
  });
  afterEach(async () => {
    disk?.unmount();
    disk = undefined;
    await watcher.script(`DROP DATABASE IF EXISTS ${copy} WITH (FORCE)`);
  });
  afterAll(async () => {
    await watcher?.close();
    await space?.remove();
    await server?.stop();
  });

  const start = (): ReturnType<Workspace['start']> => {
    const selection = ['--instance', 'main', '--database', database, '--latest'];
    return space.start(['restore', ...selection, '--target-database', copy, '--jobs', '2'], {
      env: { ...space.env, TMPDIR: temporary },
    });
  };

  /** How many tables are being filled. */
  async function filling(): Promise<number> {
    const [row] = await watcher.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM pg_stat_activity WHERE query LIKE 'COPY public._ (id) FROM stdin%' AND state = 'active'`,
    );
    return row?.count ?? 0;
  }

  /** Restores to the end, and answers with the most tables that were filled at the same time. */
  async function restore(): Promise<{ result: VyaResult; most: number }> {
    const { result } = start();
    let ended = false;
    void result.finally(() => (ended = true));
    let most = 0;
    await expect
      .poll(async () => {
        most = Math.max(most, await filling());
        return ended;
      }, patience)
      .toBe(true);
    return { result: await result, most };
  }

  async function expectEqual(): Promise<void> {
    const sum = `SELECT (SELECT count(*) FROM a) + (SELECT count(*) FROM b) AS small, (SELECT md5(string_agg(w::text, '' ORDER BY id)) FROM wide w) AS wide`;
    const restored = await connect(server, copy);
    expect(await restored.query(sum)).toEqual(await inside.query(sum));
    await restored.close();
  }

  test('fills two tables at the same time, from a file of which nothing stays', async () => {
    const { result, most } = await restore();
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).not.toContain('one job');
    expect(most).toBe(2);
    await expectEqual();
    expect(await readdir(temporary)).toEqual([]);
  });

  test.skipIf(cannotMount !== undefined).each([
    ['clearly too small', 4 * megabyte],
    ['too small for what comes out', 24 * megabyte],
  ])('goes through a pipe, by one job, where the temporary directory is %s', async (_, size) => {
    disk = mountDisk(temporary, size);
    const { result, most } = await restore();
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toContain(`one job loads ${space.storagePath}`);
    expect(result.stderr).toContain(`could not be unpacked for several in ${temporary},`);
    expect(most).toBe(1);
    await expectEqual();
    expect(await readdir(temporary)).toEqual([]);
  });

  test.skipIf(cannotMount !== undefined)('gives the room back when it is killed', async () => {
    disk = mountDisk(temporary, 200 * megabyte);
    const free = (): number => statfsSync(temporary).bfree * statfsSync(temporary).bsize;
    const before = free();
    const { child, result } = start();
    await expect.poll(filling, patience).toBe(2);
    expect(free()).toBeLessThan(before - 38 * megabyte);
    child.kill('SIGKILL');
    await result;
    await expect.poll(free, patience).toBeGreaterThan(before - megabyte);
    await expect.poll(() => readdir(temporary), patience).toEqual([]);
  });
});
