import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gate, type Shims, shimsOf } from '../cli/shims.ts';
import { createTestDatabase, type TestDatabase } from '../cli/test-database.ts';
import { type VyaResult, workspace, type Workspace } from '../cli/vya.ts';
import { acquireLock } from '../../src/storage/lock.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, sharedServer } from '../servers/servers.ts';
import { descendantsOf } from './processes.ts';

const kind = 'mariadb-10.11';
const database = 'exclusive';
const patience = { timeout: 60_000, interval: 50 };

/** Runs that meet each other, as an operator sees them. */
describe.skipIf(await serverIsMissing(kind))('while', () => {
  let server: TestServer;
  let inside: TestDatabase;
  let space: Workspace;
  let shims: Shims;

  beforeAll(async () => {
    server = await sharedServer(kind);
    inside = await createTestDatabase(server, database, 'CREATE TABLE t (n int); INSERT INTO t VALUES (1)');
    space = await workspace({
      instances: [{ id: 'main', server, settings: { databases: [database] } }],
      retention: { daily: 0, weekly: 0, monthly: 0, keep_last: 1, keep_within: '0m', hourly: 0, yearly: 0 },
    });
    shims = shimsOf(space, server);
    for (const _ of [1, 2]) expect((await space.vya(['backup', '--skip-prune'])).code).toBe(0);
  });
  afterAll(async () => {
    await space.remove();
    await inside.drop();
  });

  /** Holds a run at a gate while `meanwhile` runs, then lets it end. */
  async function during(
    args: readonly string[],
    [program, pattern]: [string, string],
    meanwhile: (gate: Gate, pid: number) => Promise<void>,
  ): Promise<VyaResult> {
    const gate = await shims.gate(program, pattern);
    const { child, result } = space.start(args, { env: await shims.env() });
    try {
      await expect.poll(gate.reached, patience).toBe(true);
      await meanwhile(gate, child.pid as number);
    } finally {
      await gate.open();
    }
    const ended = await result;
    await shims.remove();
    return ended;
  }

  async function ids(): Promise<string[]> {
    const listed = await space.vya(['list', '--format', 'json']);
    return listed.json<{ backups: { id: string }[] }>().backups.map(({ id }) => id);
  }

  const dump: [string, string] = ['mariadb-dump', '*single-transaction*'];
  const load: [string, string] = ['mariadb', '*--database=vya_tmp_*'];

  test('a backup is made, another one of its instance ends with 11 and says who holds the lock', async () => {
    const first = await during(['backup', '--skip-prune'], dump, async (_, pid) => {
      const second = await space.vya(['backup', '--skip-prune']);
      expect(second.code, second.stderr).toBe(11);
      expect(second.stdout).toContain(
        `Another run of vya holds the instance main (vya backup, process ${pid} on `,
      );
      expect(second.stdout).toContain('--wait');
    });
    expect(first.code, first.stderr).toBe(0);
  });

  test('a backup is made, another one waits for it with --wait', async () => {
    const before = (await ids()).length;
    let waiting: ReturnType<Workspace['start']> | undefined;
    const first = await during(['backup', '--skip-prune'], dump, async () => {
      waiting = space.start(['backup', '--skip-prune', '--wait', '100']);
      const short = await space.vya(['backup', '--skip-prune', '--wait', '1']);
      expect(short.code, short.stderr).toBe(11);
    });
    expect(first.code, first.stderr).toBe(0);
    const second = await waiting?.result;
    expect(second?.code, second?.stderr).toBe(0);
    expect(await ids()).toHaveLength(before + 2);
  });

  test('one waits for a lock, Ctrl-C ends it at once', async () => {
    const first = await during(['backup', '--skip-prune'], dump, async () => {
      const { child, result } = space.start(['backup', '--wait', '600', '--verbose']);
      const flock = async (): Promise<number> => (await descendantsOf(child.pid as number)).length;
      await expect.poll(flock, patience).toBeGreaterThan(0);
      child.kill('SIGINT');
      expect((await result).code).toBe(130);
    });
    expect(first.code, first.stderr).toBe(0);
  });

  test('a backup is restored, it is verified and restored elsewhere besides, and prune leaves it alone', async () => {
    const oldest = (await ids()).at(-1) as string;
    const args = ['restore', '--id', oldest, '--target-database', `${database}_copy`, '--force'];
    const restored = await during(args, load, async () => {
      const verified = await space.vya(['verify', '--id', oldest]);
      expect(verified.code, verified.stderr).toBe(0);
      const again = await space.vya([
        'restore',
        '--id',
        oldest,
        '--target-database',
        `${database}_again`,
        '--force',
      ]);
      expect(again.code, again.stderr).toBe(0);
      const pruned = await space.vya(['prune']);
      expect(pruned.stdout + pruned.stderr).toContain(oldest.split('/').at(-1));
      expect(await ids()).toContain(oldest);
    });
    expect(restored.code, restored.stdout + restored.stderr).toBe(0);
    const pruned = await space.vya(['prune']);
    expect(pruned.code, pruned.stderr).toBe(0);
    expect(await ids()).not.toContain(oldest);
    for (const name of [`${database}_copy`, `${database}_again`])
      await inside.script(`DROP DATABASE ${name}`);
  });

  test('retention is applied to a database, prune ends with 11 and says who holds the lock', async () => {
    const lock = await acquireLock({
      basePath: space.storagePath,
      scope: { kind: 'database', place: { instance: 'main', database } },
      mode: 'exclusive',
      waitSeconds: 0,
      command: 'vya prune',
      now: new Date(),
      env: process.env,
      signal: new AbortController().signal,
    });
    const pruned = await space.vya(['prune']);
    await lock.release();
    expect(pruned.code, pruned.stdout + pruned.stderr).toBe(11);
    expect(pruned.stdout + pruned.stderr).toContain(`vya prune, process ${process.pid} on `);
    expect((await space.vya(['prune'])).code).toBe(0);
  });
});
