import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workspace, type Workspace } from '../cli/vya.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { loadByHand } from './by-hand.ts';
import { expectLogins } from './logins.ts';
import { accountsState } from './state.ts';
import { settle, type Zoo, zooOf } from './zoo.ts';

interface Backup {
  code: number;
  instances: { accounts: { id: string; path: string; accounts: number; warnings: string[] } }[];
}

const kinds: ServerKind[] = ['mysql-9.7', 'mariadb-10.11', 'postgresql-15', 'postgresql-18'];

for (const kind of kinds) {
  describe.skipIf(await serverIsMissing(kind))(`accounts of ${kind}`, () => {
    let server: TestServer;
    let bare: TestServer;
    let space: Workspace;
    let zoo: Zoo;
    let path: string;

    beforeAll(async () => {
      [server, bare] = await Promise.all([startServer(kind), startServer(kind)]);
      zoo = zooOf(server);
      await settle(server, [...zoo.ground, ...zoo.accounts]);
      space = await workspace({ instances: [{ id: 'main', server, settings: { accounts: true } }] });
    });
    afterAll(async () => {
      await Promise.all([server?.stop(), bare?.stop(), space?.remove()]);
    });

    test('users backup takes all accounts, and nothing that was there changes', async () => {
      const before = await accountsState(server);
      const result = await space.vya(['users', 'backup', '--format', 'json']);
      expect(result.code, result.stdout + result.stderr).toBe(0);
      const [instance] = result.json<Backup>().instances;
      expect(instance?.accounts.warnings).toEqual([]);
      path = instance?.accounts.path ?? '';
      expect(await accountsState(server)).toEqual(before);
      const files = (await readdir(path)).toSorted();
      expect(files).toEqual([
        'SHA256SUMS',
        expect.stringMatching(/^accounts_\d{8}T\d{6}Z\.jsonl\.zst$/),
        expect.stringMatching(/^accounts_\d{8}T\d{6}Z\.sql\.zst$/),
        'manifest.json',
      ]);
      const manifest = JSON.parse(await readFile(`${path}/manifest.json`, 'utf8')) as object;
      expect(manifest).toMatchObject({ kind: 'accounts', database: null, partial: false });
    });

    test('list shows it, users list shows what is in it and no hash, verify reads it', async () => {
      const listed = await space.vya(['list']);
      expect(listed.stdout).toContain('(accounts)');
      const users = await space.vya(['users', 'list', '--file', path]);
      expect(users.code, users.stderr).toBe(0);
      expect(users.stdout).toMatch(/o'brien/);
      expect(users.stdout).toMatch(/(?:root|postgres) .*administrator/);
      expect(users.stdout).not.toMatch(/SCRAM|\$A\$|0x[0-9A-F]{20}|\*[0-9A-F]{40}/);
      const verified = await space.vya(['verify', '--all']);
      expect(verified.code, verified.stdout).toBe(0);
      expect(verified.stdout).toContain('main/@accounts/');
    });

    test('its SQL file loads by hand on a bare server: the same accounts, the same logins (F40, F41, F42)', async () => {
      await settle(bare, zoo.ground);
      await loadByHand(bare, path);
      expect(await accountsState(bare)).toEqual(await accountsState(server));
      await expectLogins(bare, zoo);
    });
  });
}
