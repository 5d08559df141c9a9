import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectLogins } from '../accounts/logins.ts';
import { settle, type Zoo } from '../accounts/zoo.ts';
import { accountsState } from '../accounts/state.ts';
import { type VyaResult, workspace, type Workspace } from '../cli/vya.ts';
import { databasesOf } from '../contract/contract.ts';
import type { Fingerprint } from '../contract/fingerprint.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { installed, liveIn, sellBooks, stateOf } from './lived-in.ts';

interface Report {
  error?: { kind: string; message: string; hint?: string };
  databases: { database: string; status: string; compared?: string; error?: { message: string } }[];
}

interface Pair {
  source: TestServer;
  target: TestServer;
  zoo: Zoo;
  space: Workspace;
}

/** A server that has been lived in, backed up, and another one that is bare. */
async function pair(from: ServerKind, to: ServerKind): Promise<Pair> {
  const [source, target] = await Promise.all([startServer(from), startServer(to)]);
  const zoo = await liveIn(source);
  await installed(target);
  const space = await workspace({
    instances: [
      { id: 'old', server: source, settings: { accounts: true } },
      { id: 'new', server: target },
    ],
  });
  const made = await space.vya(['backup', '--instance', 'old', '--exact']);
  expect(made.code, made.stdout + made.stderr).toBe(0);
  return { source, target, zoo, space };
}

async function end({ source, target, space }: Pair): Promise<void> {
  await Promise.all([source.stop(), target.stop(), space.remove()]);
}

function restore({ space }: Pair, ...args: string[]): Promise<VyaResult> {
  return space.vya([
    ...['restore', '--instance', 'old', '--all', '--latest', '--target-instance', 'new', '--format', 'json'],
    ...args,
  ]);
}

const newer = [
  { from: 'postgresql-15', to: 'postgresql-18' },
  { from: 'mariadb-10.11', to: 'mariadb-11.8' },
] satisfies { from: ServerKind; to: ServerKind }[];

for (const { from, to } of newer) {
  const missing = (await serverIsMissing(from)) || (await serverIsMissing(to));
  describe.skipIf(missing)(`a whole ${from} on the newer ${to}`, { timeout: 300_000 }, () => {
    let upward: Pair;
    beforeAll(async () => {
      upward = await pair(from, to);
    });
    afterAll(async () => {
      if (upward) await end(upward);
    });

    test('comes back: every row, owner and grant, and every login', async () => {
      const { source, target, zoo } = upward;
      const before = await stateOf(source);
      const result = await restore(upward);
      expect(result.code, result.stdout + result.stderr).toBe(0);
      const { databases } = result.json<Report>();
      expect(databases.map(({ compared }) => compared)).toEqual(databases.map(() => 'contents'));
      const after = await stateOf(target);
      for (const [name, print] of Object.entries(before.databases))
        expect(lasting(after.databases[name] ?? {}), name).toEqual(lasting(print));
      expect(Object.keys(after.databases)).toEqual(Object.keys(before.databases));
      expect(await sellBooks(target)).toEqual(await sellBooks(source));
      if (target.type === 'postgresql') await settle(target, zoo.ground.slice(1));
      await expectLogins(target, zoo);
    });
  });
}

/** What versions do not word differently. An owner has MAINTAIN (m) besides since PostgreSQL 17. */
function lasting(print: Fingerprint): Fingerprint {
  const entries = Object.entries(print).filter(([key]) => /^(rows of|owner of|acl of) /.test(key));
  return Object.fromEntries(entries.map(([key, value]) => [key, value.replaceAll('arwdDxtm', 'arwdDxt')]));
}

const refusals = [
  { from: 'postgresql-18', to: 'postgresql-15', code: 2, says: /from PostgreSQL 18.* older 15/ },
  { from: 'mysql-9.7', to: 'mariadb-10.11', code: 3, says: /mysql.*mariadb.*mean something else/ },
  { from: 'mariadb-10.11', to: 'mysql-9.7', code: 3, says: /mariadb.*mysql.*mean something else/ },
] satisfies { from: ServerKind; to: ServerKind; code: number; says: RegExp }[];

for (const { from, to, code, says } of refusals) {
  const missing = (await serverIsMissing(from)) || (await serverIsMissing(to));
  describe.skipIf(missing)(`a whole ${from} on ${to}`, () => {
    let downward: Pair;
    beforeAll(async () => {
      downward = await pair(from, to);
    });
    afterAll(async () => {
      if (downward) await end(downward);
    });

    test('is refused with the reason, and nothing is touched', async () => {
      const { target } = downward;
      const before = await accountsState(target);
      for (const how of ['--dry-run', '--force']) {
        const result = await restore(downward, how);
        expect(result.code, result.stdout + result.stderr).toBe(code);
        const { error } = result.json<Report>();
        expect(error?.message).toMatch(says);
        expect(error?.hint).toMatch(/18 or newer|--target-instance/);
      }
      expect(await databasesOf(target)).toEqual([]);
      expect(await accountsState(target)).toEqual(before);
    });
  });
}
