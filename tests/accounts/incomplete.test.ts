import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workspace, type Workspace } from '../cli/vya.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { settle } from './zoo.ts';

interface Report {
  code: number;
  error?: { kind: string; hint: string };
  instances: {
    databases: { database: string; status: string }[];
    accounts: { status: string; path: string; warnings: string[]; error?: { kind: string; hint: string } };
  }[];
}

const login = { user: 'modest', password: 'Modest.1' };
const kinds: ServerKind[] = ['mysql-9.7', 'mariadb-10.11', 'postgresql-18'];

/** An account that may read the database and not the accounts. */
function modestAccount(kind: ServerKind): string[] {
  const database = 'CREATE DATABASE shop';
  if (kind.startsWith('postgresql')) {
    return [
      database,
      `CREATE ROLE modest LOGIN PASSWORD '${login.password}'`,
      `CREATE ROLE other LOGIN PASSWORD 'x'`,
      'GRANT pg_read_all_settings TO modest',
    ];
  }
  const routines = kind.startsWith('mariadb') ? 'SELECT ON mysql.proc' : 'SHOW_ROUTINE ON *.*';
  return [
    database,
    `CREATE USER modest@'%' IDENTIFIED BY '${login.password}'`,
    "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON shop.* TO modest@'%'",
    `GRANT ${routines} TO modest@'%'`,
  ];
}

for (const kind of kinds) {
  describe.skipIf(await serverIsMissing(kind))(`accounts that cannot be read whole, ${kind}`, () => {
    let server: TestServer;
    let space: Workspace;

    beforeAll(async () => {
      server = await startServer(kind);
      await settle(server, modestAccount(kind));
      const settings = { databases: ['shop'], accounts: true };
      space = await workspace({
        instances: [
          { id: 'modest', server, login, settings },
          { id: 'left-out', server, login, settings: { ...settings, accounts: false } },
          { id: 'main', server, settings },
        ],
      });
    });
    afterAll(async () => {
      await Promise.all([server?.stop(), space?.remove()]);
    });

    if (kind.startsWith('postgresql')) {
      test('(F42) without pg_authid they are taken without passwords, and manifest and output say so', async () => {
        const result = await space.vya(['backup', '--instance', 'modest', '--format', 'json']);
        expect(result.code, result.stdout + result.stderr).toBe(0);
        const { accounts } = result.json<Report>().instances[0]!;
        const said = expect.stringMatching(/modest, other, postgres: its password may not be read/);
        expect(accounts.warnings).toEqual([said]);
        const manifest = await readFile(`${accounts.path}/manifest.json`, 'utf8');
        expect(JSON.parse(manifest)).toMatchObject({ warnings: [said] });
        const listed = await space.vya(['users', 'list', '--instance', 'modest']);
        expect(listed.stdout).toMatch(/other .*not whole/);
      });

      test('tablespaces are reported, with owner and place', async () => {
        await settle(server, [
          'SET allow_in_place_tablespaces = on',
          `CREATE TABLESPACE "fast disk" OWNER other LOCATION ''`,
        ]);
        expect((await space.vya(['users', 'backup', '--instance', 'main'])).code).toBe(0);
        const listed = await space.vya(['users', 'list', '--instance', 'main']);
        expect(listed.stdout).toMatch(/tablespace fast disk of other at .*: not part of the backup/);
      });
    } else {
      test('accounts that may not be read are a failure beside the databases, with the privilege that is missing', async () => {
        const result = await space.vya(['backup', '--instance', 'modest', '--format', 'json']);
        expect(result.code, result.stdout + result.stderr).toBe(1);
        const { accounts, databases } = result.json<Report>().instances[0]!;
        expect(databases).toMatchObject([{ database: 'shop', status: 'ok' }]);
        expect(accounts).toMatchObject({
          status: 'failed',
          error: {
            kind: 'privileges',
            hint: expect.stringContaining("GRANT SELECT ON mysql.* TO 'modest'@'%'"),
          },
        });
        const alone = await space.vya(['users', 'backup', '--instance', 'modest']);
        expect(alone.code).toBe(9);
        const checked = await space.vya(['check', '--instance', 'modest']);
        expect(checked.code).toBe(1);
        expect(checked.stdout).toContain('GRANT SELECT ON mysql.*');
      });
    }

    test('--skip-accounts and accounts: false leave them out', async () => {
      for (const args of [
        ['--instance', 'modest', '--skip-accounts'],
        ['--instance', 'left-out'],
      ]) {
        const result = await space.vya(['backup', '--format', 'json', ...args]);
        expect(result.code, result.stdout).toBe(0);
        expect(result.json<Report>().instances[0]).not.toHaveProperty('accounts');
      }
    });

    test('accounts alone are no success where every database failed', async () => {
      const result = await space.vya([
        'backup',
        '--instance',
        'main',
        '--database',
        'absent',
        '--format',
        'json',
      ]);
      expect(result.code).toBe(7);
      expect(result.json<Report>().instances[0]).toMatchObject({ accounts: { status: 'ok' } });
    });

    test('--exclude-user leaves accounts out', async () => {
      const result = await space.vya(['users', 'backup', '--instance', 'main', '--exclude-user', 'mod*']);
      expect(result.code, result.stderr).toBe(0);
      const listed = await space.vya(['users', 'list', '--instance', 'main']);
      expect(listed.stdout).not.toContain('modest');
    });

    if (kind.startsWith('mariadb')) {
      test('(F41) an account whose plugin is not loaded is named, and the others are taken', async () => {
        await settle(server, [
          "INSTALL SONAME 'auth_ed25519'",
          "CREATE USER modern@'%' IDENTIFIED VIA ed25519 USING PASSWORD('x')",
          "UNINSTALL SONAME 'auth_ed25519'",
        ]);
        const result = await space.vya(['users', 'backup', '--instance', 'main', '--format', 'json']);
        expect(result.code, result.stdout + result.stderr).toBe(0);
        expect(result.json<Report>().instances[0]?.accounts.warnings).toEqual([
          expect.stringMatching(/modern@%.*ed25519.*not loaded/),
        ]);
      });
    }
  });
}
