import { describe, expect, test } from 'vitest';
import { differingClauses, splitDefinition } from '../../../src/db/mysql/accounts/account-definition.ts';
import { joinPrivileges, parseGrantLine } from '../../../src/db/mysql/accounts/account-grants.ts';
import { planAccounts } from '../../../src/db/mysql/accounts/account-plan.ts';
import { type Account, accountSchema, accountsSourceSchema } from '../../../src/model/accounts.ts';

const source = accountsSourceSchema.parse({
  format: 'vya-accounts',
  version: 1,
  flavour: 'mysql',
  server: { text: '9.7.0', major: 9, minor: 7, patch: 0 },
});

function account(changes: Partial<Account>): Account {
  return accountSchema.parse({
    ...{ name: "'a'@'%'", user: 'a', host: '%', kind: 'user' },
    ...{ locked: false, administrator: false, own: false },
    ...changes,
  });
}

function statements(wanted: Account, present?: Account): string[] {
  const there = present ? { source, accounts: [present] } : undefined;
  return planAccounts({ source, accounts: [wanted] }, there).map(({ sql }) => sql);
}

describe('lines of SHOW GRANTS', () => {
  test.each([
    ['GRANT USAGE ON *.* TO `a`@`%`', undefined],
    ['GRANT `r`@`%` TO `a`@`%` WITH ADMIN OPTION', undefined],
    ['SET DEFAULT ROLE `r` FOR `a`@`%`', undefined],
    [
      'GRANT SELECT (`a, b`, `TO`), UPDATE ON `x``.`.`ON` TO `a`@`%` WITH GRANT OPTION',
      { on: '`x``.`.`ON`', privileges: ['SELECT (`a, b`)', 'SELECT (`TO`)', 'UPDATE'], grantable: true },
    ],
    [
      "GRANT RELOAD ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*00' REQUIRE SSL WITH GRANT OPTION MAX_QUERIES_PER_HOUR 5",
      { on: '*.*', privileges: ['RELOAD'], grantable: true, grantee: '`a`@`%`' },
    ],
    ['REVOKE SELECT ON `db`.* FROM `a`@`%`', { on: '`db`.*', revoked: true, grantable: false }],
    ['GRANT SELECT ON `db`.* TO PUBLIC', { grantee: 'PUBLIC', on: '`db`.*' }],
    ['GRANT USAGE ON `db`.* TO `GRANT`@`OPTION`', undefined],
  ])('%s', (line, expected) => {
    const parsed = parseGrantLine(line);
    if (expected === undefined) expect(parsed).toBeUndefined();
    else expect(parsed).toMatchObject(expected);
  });

  test('columns of one privilege are given together', () => {
    expect(joinPrivileges(['SELECT (`a`)', 'UPDATE', 'SELECT (`b`)'])).toBe('UPDATE, SELECT (`a`, `b`)');
  });
});

describe('what changes an account', () => {
  test('clauses are told apart by their beginnings, and default roles are left out (F40)', () => {
    const text =
      "CREATE USER `WITH`@`%` IDENTIFIED WITH 'sha256_password' AS 'REQUIRE NONE' AND IDENTIFIED WITH 'x' DEFAULT ROLE `PASSWORD`@`%` REQUIRE SSL WITH MAX_USER_CONNECTIONS 2 MAX_QUERIES_PER_HOUR 0 PASSWORD EXPIRE DEFAULT PASSWORD REQUIRE CURRENT DEFAULT ATTRIBUTE '{}'";
    expect(splitDefinition(text)).toEqual({
      identified: "IDENTIFIED WITH 'sha256_password' AS 'REQUIRE NONE' AND IDENTIFIED WITH 'x'",
      require: 'REQUIRE SSL',
      limits: 'WITH MAX_USER_CONNECTIONS 2',
      expire: 'PASSWORD EXPIRE DEFAULT',
      current: 'PASSWORD REQUIRE CURRENT DEFAULT',
    });
  });

  test('only what differs is altered, and what is no longer wanted is set to nothing', () => {
    const wanted = { require: 'REQUIRE NONE', limits: 'WITH MAX_USER_CONNECTIONS 2' };
    const present = { require: 'REQUIRE NONE', limits: 'WITH MAX_QUERIES_PER_HOUR 9', lock: 'ACCOUNT LOCK' };
    expect(differingClauses(wanted, present)).toEqual({
      limits: 'WITH MAX_QUERIES_PER_HOUR 0 MAX_USER_CONNECTIONS 2',
      lock: 'ACCOUNT UNLOCK',
    });
    expect(differingClauses(wanted, wanted)).toEqual({});
  });

  test('a second password comes first and is kept, also where hashes are printable (F40)', () => {
    const identified = "IDENTIFIED WITH 'sha256_password' AS '$5$it''s'";
    expect(statements(account({ definition: { identified }, secondPassword: 'AB01' }))).toEqual([
      "CREATE USER 'a'@'%' IDENTIFIED WITH 'sha256_password' AS 0xAB01",
      `ALTER USER 'a'@'%' ${identified} RETAIN CURRENT PASSWORD`,
    ]);
  });

  test('no hash is in what is shown', () => {
    for (const identified of [
      "IDENTIFIED WITH 'x' AS '$5$it''s \\' y'",
      "IDENTIFIED WITH 'x' AS 0xAB01",
      "IDENTIFIED VIA a USING '$5$it''s \\' y' OR b USING '$5$z'",
      "IDENTIFIED BY PASSWORD '*AB01'",
    ]) {
      const [change] = planAccounts({ source, accounts: [account({ definition: { identified } })] });
      expect(change?.sql).toContain(identified);
      expect(change?.shown).not.toMatch(/\$5\$|AB01|it's| y/);
    }
  });

  test('partial revokes come after the grants that they take from (F40)', () => {
    const grants = [
      { on: '`db`.*', privileges: ['SELECT'], grantable: false, revoked: true },
      { on: '*.*', privileges: ['SELECT'], grantable: false, revoked: false },
    ];
    expect(statements(account({ grants }), account({}))).toEqual([
      "GRANT SELECT ON *.* TO 'a'@'%'",
      "REVOKE SELECT ON `db`.* FROM 'a'@'%'",
    ]);
    expect(statements(account({}), account({ grants: grants.slice(0, 1) }))).toEqual([
      "GRANT SELECT ON `db`.* TO 'a'@'%'",
    ]);
  });

  test('nothing differs, nothing is done (F28)', () => {
    const grants = [{ on: '*.*', privileges: ['SELECT'], grantable: true, revoked: false }];
    expect(statements(account({ grants }), account({ grants }))).toEqual([]);
  });
});
