import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type VyaResult, workspace, type Workspace } from '../cli/vya.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { driftOf, type Drift } from './drift.ts';
import { expectLogins } from './logins.ts';
import { accountsState } from './state.ts';
import { settle, type Zoo, zooOf } from './zoo.ts';

interface Report {
  code: number;
  error?: { kind: string; message: string; hint: string };
  accounts: {
    account: string;
    status: string;
    reason?: string;
    statements: { kind: string; statement: string; status: string; error?: { message: string } }[];
  }[];
  differences: string[];
  warnings: string[];
}

const kinds: ServerKind[] = ['mysql-9.7', 'mariadb-10.11', 'postgresql-15', 'postgresql-18'];

for (const kind of kinds) {
  describe.skipIf(await serverIsMissing(kind))(`accounts restored on ${kind}`, () => {
    let server: TestServer;
    let bare: TestServer;
    let space: Workspace;
    let zoo: Zoo;
    let drift: Drift;
    let original: Record<string, unknown>;

    const restore = (...args: string[]): Promise<VyaResult> =>
      space.vya([
        ...['users', 'restore', '--instance', 'main', '--format', 'json'],
        ...(args.includes('--target-instance') ? [] : ['--target-instance', 'bare']),
        ...args,
      ]);

    beforeAll(async () => {
      [server, bare] = await Promise.all([startServer(kind), startServer(kind)]);
      zoo = zooOf(server);
      drift = driftOf(server);
      await settle(server, [...zoo.ground, ...zoo.accounts]);
      await settle(bare, [...zoo.ground, ...drift.before]);
      space = await workspace({
        instances: [
          { id: 'main', server },
          { id: 'bare', server: bare },
          { id: 'weak', server: bare, login: drift.weak },
        ],
      });
      const backup = await space.vya(['users', 'backup', '--instance', 'main']);
      expect(backup.code, backup.stdout + backup.stderr).toBe(0);
      original = await accountsState(server);
    });
    afterAll(async () => {
      await Promise.all([server?.stop(), bare?.stop(), space?.remove()]);
    });

    /** The accounts of the target that the backup holds. */
    const restored = async (): Promise<Record<string, unknown>> =>
      drift.withoutOwn(await accountsState(bare));

    test('too few privileges end with 9, name what is missing, and change nothing', async () => {
      const before = await accountsState(bare);
      for (const how of ['--dry-run', '--force']) {
        const result = await restore('--all', how, '--target-instance', 'weak');
        expect(result.code, result.stdout).toBe(9);
        expect(result.json<Report>().error).toMatchObject({
          kind: 'privileges',
          message: expect.stringMatching(drift.weakLacks),
        });
      }
      expect(await accountsState(bare)).toEqual(before);
    });

    test('--dry-run prints the difference without hashes, and changes nothing', async () => {
      const before = await accountsState(bare);
      const result = await restore('--all', '--dry-run');
      expect(result.code, result.stdout + result.stderr).toBe(0);
      const { accounts } = result.json<Report>();
      expect(accounts.find(({ account }) => account.startsWith('dba'))).toMatchObject({
        status: 'create',
        statements: expect.arrayContaining([expect.objectContaining({ kind: 'create', status: 'planned' })]),
      });
      expect(result.stdout).not.toMatch(/SCRAM|\$A\$|0x[0-9A-F]{20}|\*[0-9A-F]{40}/);
      expect(await accountsState(bare)).toEqual(before);
    });

    test('an account with just enough privileges restores what it may, once', async () => {
      const first = await restore('--user', drift.plain, '--target-instance', 'weak');
      expect(first.code, first.stdout + first.stderr).toBe(0);
      expect(first.json<Report>().accounts).toMatchObject([{ status: 'create' }]);
      const second = await restore('--user', drift.plain, '--target-instance', 'weak');
      expect(second.code, second.stdout + second.stderr).toBe(0);
      expect(second.json<Report>().accounts).toMatchObject([{ status: 'unchanged', statements: [] }]);
    });

    test('--all makes the same accounts on a bare server, and each logs in with its old password (F40, F41, F42)', async () => {
      const result = await restore('--all');
      expect(result.code, result.stdout + result.stderr).toBe(0);
      expect(await restored()).toEqual(original);
      await expectLogins(bare, zoo);
    });

    test('a second run changes nothing (F28)', async () => {
      const result = await restore('--all');
      expect(result.code, result.stdout + result.stderr).toBe(0);
      const { accounts, differences } = result.json<Report>();
      expect(accounts.flatMap(({ statements }) => statements)).toEqual([]);
      expect(accounts.filter(({ status }) => status === 'unchanged').length).toBeGreaterThan(5);
      expect(differences).toEqual([]);
      expect(await restored()).toEqual(original);
    });

    test('what has changed meanwhile is changed back, but not without a yes', async () => {
      await settle(bare, drift.changes);
      const drifted = await accountsState(bare);
      expect(drifted).not.toEqual(original);
      const refused = await restore('--all');
      expect(refused.code, refused.stdout).toBe(3);
      const skipped = await restore('--all', '--skip-existing');
      expect(skipped.code, skipped.stdout).toBe(0);
      expect(await accountsState(bare)).toEqual(drifted);
      const shown = await restore('--all', '--dry-run');
      const kindsOf = shown
        .json<Report>()
        .accounts.flatMap(({ statements }) => statements.map((each) => each.kind));
      expect(kindsOf).toEqual(expect.arrayContaining(['alter', 'grant', 'revoke']));
      expect(kindsOf).not.toContain('create');

      const done = await restore('--all', '--force');
      expect(done.code, done.stdout + done.stderr).toBe(0);
      expect(await restored()).toEqual(original);
      await expectLogins(bare, zoo);
    });

    test('administrators and vya’s own account are left alone unless they are named', async () => {
      await settle(bare, drift.administrators);
      const before = await accountsState(bare);
      const result = await restore('--all', '--force');
      expect(result.code, result.stdout + result.stderr).toBe(0);
      const { accounts } = result.json<Report>();
      for (const [account, reason] of Object.entries(drift.leftAlone)) {
        expect(accounts).toContainEqual(
          expect.objectContaining({
            account,
            status: 'kept',
            reason: expect.stringMatching(reason),
            statements: [],
          }),
        );
      }
      expect(await accountsState(bare)).toEqual(before);
      const [account] = Object.keys(drift.leftAlone);
      const named = await restore('--user', account ?? '', '--force');
      expect(named.code, named.stdout + named.stderr).toBe(0);
      expect(named.json<Report>().accounts).toMatchObject([{ account, status: 'change' }]);
    });

    test('--user brings the roles along that the target lacks, and nothing else', async () => {
      await settle(bare, drift.drops);
      const result = await restore('--user', drift.member);
      expect(result.code, result.stdout + result.stderr).toBe(0);
      expect(result.json<Report>().warnings.join()).toMatch(/comes along/);
      expect(
        result
          .json<Report>()
          .accounts.map(({ account }) => account)
          .toSorted(),
      ).toEqual(drift.brings);
      const absent = await restore('--user', 'nobody');
      expect(absent.code).toBe(7);
      const all = await restore('--all', '--force');
      expect(all.code, all.stdout + all.stderr).toBe(0);
      expect(await restored()).toEqual(original);
    });

    test('a statement that fails is reported, the others are done, and a later run does what is missing', async () => {
      await settle(bare, drift.obstacle);
      const result = await restore('--all', '--force');
      expect(result.code, result.stdout + result.stderr).toBe(1);
      const statements = result.json<Report>().accounts.flatMap((each) => each.statements);
      const left = statements.filter(({ status }) => status !== 'done');
      expect(left.length).toBeGreaterThan(0);
      expect(left.map(({ error }) => error?.message).join()).toMatch(drift.obstacleSays);
      expect(statements.filter(({ status }) => status === 'done').length).toBeGreaterThan(0);
      await settle(bare, drift.obstacleGone);
      const again = await restore('--all', '--force');
      expect(again.code, again.stdout + again.stderr).toBe(0);
      expect(await restored()).toEqual(original);
    });
  });
}
