import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workspace, type Workspace } from '../cli/vya.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { expectLogins } from './logins.ts';
import { accountsState } from './state.ts';
import { settle, zooOf } from './zoo.ts';

const missing =
  (await serverIsMissing('postgresql-15')) ||
  (await serverIsMissing('postgresql-18')) ||
  (await serverIsMissing('mariadb-10.11'));

describe.skipIf(missing)('accounts of another version or flavour', () => {
  let older: TestServer;
  let newer: TestServer;
  let mariadb: TestServer;
  let space: Workspace;

  beforeAll(async () => {
    [older, newer, mariadb] = await Promise.all([
      startServer('postgresql-15'),
      startServer('postgresql-18'),
      startServer('mariadb-10.11'),
    ]);
    const { ground, accounts } = zooOf(older);
    await settle(older, [...ground, ...accounts]);
    await settle(newer, ground);
    space = await workspace({
      instances: [
        { id: 'older', server: older },
        { id: 'newer', server: newer },
        { id: 'mariadb', server: mariadb },
      ],
    });
    const backup = await space.vya(['users', 'backup', '--instance', 'older']);
    expect(backup.code, backup.stdout + backup.stderr).toBe(0);
  });
  afterAll(async () => {
    await Promise.all([older?.stop(), newer?.stop(), mariadb?.stop(), space?.remove()]);
  });

  test('PostgreSQL 15’s roles come back on 18 with their old passwords, and a second run changes nothing (F28, F42)', async () => {
    const restore = ['users', 'restore', '--instance', 'older', '--all', '--target-instance', 'newer'];
    const result = await space.vya(restore);
    expect(result.code, result.stdout + result.stderr).toBe(0);
    const [before, after] = [await accountsState(older), await accountsState(newer)];
    expect(after['roles']).toEqual(before['roles']);
    expect(after['settings']).toEqual(before['settings']);
    expect(pairs(after)).toEqual(pairs(before));
    await expectLogins(newer, zooOf(older));
    const again = await space.vya(restore);
    expect(again.code, again.stdout + again.stderr).toBe(0);
    expect(again.stdout).toContain('0 to create, 0 to change');
  });

  test('accounts of another flavour are refused before anything is read from them', async () => {
    const args = ['users', 'restore', '--instance', 'older', '--all', '--target-instance', 'mariadb'];
    const refused = await space.vya(args);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('Accounts of postgresql cannot be restored on MariaDB');
  });
});

/** Who is in which role, and may pass it on: what both versions know of a membership. */
function pairs(state: Record<string, unknown>): string[] {
  return (state['memberships'] as string[])
    .map((each) => JSON.parse(each) as { roleid: string; member: string; admin_option: boolean })
    .map(({ roleid, member, admin_option: admin }) => `${member} in ${roleid} ${admin}`)
    .toSorted();
}
