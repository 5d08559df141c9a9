import { cp, readdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectLogins } from '../accounts/logins.ts';
import { settle, type Zoo } from '../accounts/zoo.ts';
import { type VyaResult, workspace, type Workspace } from '../cli/vya.ts';
import { databasesOf, dropDatabase, run } from '../contract/contract.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { installed, liveIn, sellBooks, type ServerState, stateOf } from './lived-in.ts';

interface Report {
  status: string;
  code: number;
  run: string;
  instances: { run: string; databases: { path: string; database: string }[] }[];
  between: { first: string; last: string };
  warnings: string[];
  accounts: { accounts: { account: string; status: string; statements: { status: string }[] }[] };
  databases: {
    database: string;
    status: string;
    compared?: string;
    warnings: string[];
    error?: { kind: string; message: string };
  }[];
}

const kinds: ServerKind[] = ['mysql-9.7', 'mariadb-10.11', 'postgresql-15', 'postgresql-18'];

for (const kind of kinds) {
  describe.skipIf(await serverIsMissing(kind))(`a whole ${kind} comes back`, { timeout: 300_000 }, () => {
    let bare: TestServer;
    let old: Workspace;
    let space: Workspace;
    let zoo: Zoo;
    let original: ServerState;
    let sales: Awaited<ReturnType<typeof sellBooks>>;
    let backup: Report;

    const restore = (...args: string[]): Promise<VyaResult> =>
      space.vya([
        ...['restore', '--instance', 'main', '--all', '--target-instance', 'new', '--format', 'json'],
        ...(args.includes('--run') ? [] : ['--latest']),
        ...args,
      ]);
    const statuses = (result: VyaResult): Record<string, string> =>
      Object.fromEntries(result.json<Report>().databases.map(({ database, status }) => [database, status]));
    const all = (status: string): Record<string, string> =>
      Object.fromEntries(Object.keys(original.databases).map((name) => [name, status]));

    beforeAll(async () => {
      const server = await startServer(kind);
      try {
        zoo = await liveIn(server);
        old = await workspace({ instances: [{ id: 'main', server, settings: { accounts: true } }] });
        const made = await old.vya(['backup', '--exact', '--format', 'json']);
        expect(made.code, made.stdout + made.stderr).toBe(0);
        backup = made.json<Report>();
        original = await stateOf(server);
        sales = await sellBooks(server);
      } finally {
        // The disaster: the server is gone with all that it held.
        await server.stop();
      }
      bare = await startServer(kind);
      await installed(bare);
      // The new host knows the new server and where the storage is, and nothing of the old one.
      space = await workspace({
        instances: [{ id: 'new', server: bare }],
        storage: { base_path: old.storagePath },
      });
    });
    afterAll(async () => {
      await Promise.all([bare?.stop(), old?.remove(), space?.remove()]);
    });

    test('--dry-run tells the whole plan, and changes nothing', async () => {
      const before = await stateOf(bare);
      const result = await restore('--dry-run');
      expect(result.code, result.stdout + result.stderr).toBe(0);
      expect(statuses(result)).toEqual(all('planned'));
      const { accounts, databases, between, warnings } = result.json<Report>();
      expect(accounts.accounts.find(({ account }) => account.startsWith('books_app'))).toMatchObject({
        status: 'create',
      });
      expect(between.first <= between.last).toBe(true);
      expect([...warnings, ...databases.flatMap((each) => each.warnings)]).toEqual([]);
      expect(await stateOf(bare)).toEqual(before);
    });

    test('one command restores accounts and databases, nothing differs, and applications work with their old passwords', async () => {
      const result = await restore();
      expect(result.code, result.stdout + result.stderr).toBe(0);
      expect(statuses(result)).toEqual(all('restored'));
      const { databases } = result.json<Report>();
      expect(databases.map(({ compared }) => compared)).toEqual(databases.map(() => 'contents'));
      expect(await stateOf(bare)).toEqual(original);
      expect(await sellBooks(bare)).toEqual(sales);
      expect(sales.refused).toHaveLength(3);
      // Its queries are answered from a database that no backup takes unless it is named.
      if (bare.type === 'postgresql') await settle(bare, zoo.ground.slice(1));
      await expectLogins(bare, zoo);
    });

    test('a second run has nothing to do, and changes nothing', async () => {
      const result = await restore('--run', backup.run.slice(0, 13));
      expect(result.code, result.stdout + result.stderr).toBe(0);
      expect(statuses(result)).toEqual(all('present'));
      const { accounts } = result.json<Report>().accounts;
      expect(accounts.flatMap(({ statements }) => statements)).toEqual([]);
      expect(await stateOf(bare)).toEqual(original);
    });

    test('a damaged archive fails its database alone, and a later run does only what is missing', async () => {
      const path = backup.instances
        .flatMap(({ databases }) => databases)
        .find(({ database }) => database === 'books')?.path as string;
      const aside = join(space.path, 'aside');
      await cp(path, aside, { recursive: true });
      const files = await readdir(path, { recursive: true, withFileTypes: true });
      const data = files.find(({ name }) => /\.dat|1-tables|\.pgdump\./.test(name));
      await truncate(join(data?.parentPath as string, data?.name as string), 10);
      for (const name of ['books', 'deli']) await dropDatabase(bare, name);

      const failed = await restore();
      expect(failed.code, failed.stdout + failed.stderr).toBe(1);
      expect(statuses(failed)).toEqual({ ...all('present'), deli: 'restored', books: 'failed' });
      expect(
        failed.json<Report>().databases.find(({ database }) => database === 'books')?.error,
      ).toMatchObject({
        kind: 'verification',
      });
      expect(await databasesOf(bare)).not.toContain('books');

      await rm(path, { recursive: true });
      await cp(aside, path, { recursive: true });
      const again = await restore();
      expect(again.code, again.stdout + again.stderr).toBe(0);
      expect(statuses(again)).toEqual({ ...all('present'), books: 'restored' });
      expect(await stateOf(bare)).toEqual(original);
    });

    test('what is there and differs is left alone and named; --force makes it what it was', async () => {
      await run(bare, 'CREATE TABLE newer (x int)', 'books');
      await settle(
        bare,
        bare.type === 'mysql'
          ? ["ALTER USER books_app@'%' IDENTIFIED BY 'other'"]
          : [`ALTER ROLE books_app PASSWORD 'other'`],
      );
      const drifted = await stateOf(bare);
      const left = await restore();
      expect(left.code, left.stdout + left.stderr).toBe(1);
      expect(statuses(left)).toEqual({ ...all('present'), books: 'failed' });
      expect(left.stdout).toContain('it is not what the backup holds');
      expect(left.stdout).toMatch(/books_app.*left alone|left alone.*books_app/);
      expect(await stateOf(bare)).toEqual(drifted);

      const forced = await restore('--force');
      expect(forced.code, forced.stdout + forced.stderr).toBe(0);
      expect(statuses(forced)).toEqual(all('restored'));
      expect(await stateOf(bare)).toEqual(original);
      expect(await sellBooks(bare)).toEqual(sales);
    });
  });
}
