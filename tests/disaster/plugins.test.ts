import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settle } from '../accounts/zoo.ts';
import { accountsState } from '../accounts/state.ts';
import { type VyaResult, workspace, type Workspace } from '../cli/vya.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';

interface Report {
  accounts: { warnings: string[] };
  databases: { status: string }[];
}

describe.skipIf(await serverIsMissing('mariadb-10.11'))('a server that lacks a plugin', () => {
  let server: TestServer;
  let bare: TestServer;
  let space: Workspace;
  const plugin = "INSTALL SONAME 'auth_ed25519'";

  const restore = (...args: string[]): Promise<VyaResult> =>
    space.vya([
      ...[
        'restore',
        '--instance',
        'main',
        '--all',
        '--latest',
        '--target-instance',
        'bare',
        '--format',
        'json',
      ],
      ...args,
    ]);

  beforeAll(async () => {
    [server, bare] = await Promise.all([startServer('mariadb-10.11'), startServer('mariadb-10.11')]);
    await settle(server, [
      plugin,
      'CREATE DATABASE shop',
      'CREATE TABLE shop.t (x int)',
      "CREATE USER modern@'%' IDENTIFIED VIA ed25519 USING PASSWORD('m') WITH MAX_USER_CONNECTIONS 3",
      "CREATE USER plain@'%' IDENTIFIED BY 'p'",
      "GRANT SELECT ON shop.t TO plain@'%'",
    ]);
    space = await workspace({
      instances: [
        { id: 'main', server, settings: { accounts: true } },
        { id: 'bare', server: bare },
      ],
    });
    const made = await space.vya(['backup', '--instance', 'main']);
    expect(made.code, made.stdout + made.stderr).toBe(0);
  });
  afterAll(async () => {
    await Promise.all([server?.stop(), bare?.stop(), space?.remove()]);
  });

  test('is told beforehand which accounts need it; the rest comes back, and those once it is there', async () => {
    const planned = await restore('--dry-run');
    expect(planned.code, planned.stdout + planned.stderr).toBe(0);
    expect(planned.json<Report>().accounts.warnings.join()).toMatch(
      /has not loaded the plugin ed25519, with which 'modern'@'%' log in/,
    );
    const partly = await restore();
    expect(partly.code, partly.stdout + partly.stderr).toBe(1);
    expect(partly.json<Report>().databases).toMatchObject([{ status: 'restored' }]);
    const original = await accountsState(server);
    const { '`modern`@`%`': _, ...others } = original;
    expect(await accountsState(bare)).toEqual(others);

    await settle(bare, [plugin]);
    const again = await restore();
    expect(again.code, again.stdout + again.stderr).toBe(0);
    expect(again.json<Report>().databases).toMatchObject([{ status: 'present' }]);
    expect(await accountsState(bare)).toEqual(original);
  });
});
