import type { TestServer } from '../servers/server.ts';

/** What happens to the accounts of a server between a backup and its restore. */
export interface Drift {
  /** Before the first restore: an account that may make accounts, and not all of them. */
  before: readonly string[];
  weak: { user: string; password: string };
  weakLacks: RegExp;
  /** What that account may make. */
  plain: string;
  /** A state without the accounts that the backup does not hold. */
  withoutOwn(state: Record<string, unknown>): Record<string, unknown>;
  changes: readonly string[];
  /** Changes to administrators, and how each is reported. */
  administrators: readonly string[];
  leftAlone: Record<string, RegExp>;
  /** Takes `member` and its roles away; `brings` are the accounts that come back with it. */
  drops: readonly string[];
  member: string;
  brings: readonly string[];
  /** What makes a statement fail or wait, and takes that away again. */
  obstacle: readonly string[];
  obstacleSays: RegExp;
  obstacleGone: readonly string[];
}

export function driftOf({ kind }: TestServer): Drift {
  if (kind.startsWith('postgresql')) return postgresqlDrift(Number(kind.split('-')[1]));
  return kind.startsWith('mariadb') ? mariadbDrift : mysqlDrift;
}

const weak = { user: 'weak', password: 'Weak.1' };

const shared = {
  weak,
  weakLacks: /lacks .*SELECT ON/,
  plain: 'locked',
  withoutOwn: (state: Record<string, unknown>): Record<string, unknown> => {
    const { '`weak`@`%`': _, attributes, ...rest } = state;
    const others = (attributes as { User: string }[] | undefined)?.filter(({ User }) => User !== 'weak');
    return others ? { ...rest, attributes: others } : rest;
  },
  before: [
    `CREATE USER weak@'%' IDENTIFIED BY '${weak.password}'`,
    "GRANT CREATE USER ON *.* TO weak@'%'",
    "GRANT SELECT ON mysql.* TO weak@'%'",
  ],
  drops: ["DROP USER reader@'%'", "DROP ROLE `boss's role`"],
  obstacle: ["DROP USER 'o''brien'@'%'", 'RENAME TABLE shop.orders TO shop.aside'],
  obstacleSays: /the table “orders” in “shop” is not there yet/,
  obstacleGone: ['RENAME TABLE shop.aside TO shop.orders'],
};

const sharedChanges = [
  "REVOKE DELETE, SELECT (amount) ON shop.orders FROM 'o''brien'@'%'",
  "GRANT UPDATE (amount), DROP ON shop.orders TO 'o''brien'@'%'",
  "REVOKE EXECUTE ON FUNCTION shop.tax FROM 'o''brien'@'%'",
  "REVOKE ALL PRIVILEGES ON shop.* FROM limited@'%'",
  "GRANT SELECT ON shop.* TO limited@'%'",
  "GRANT ALL PRIVILEGES ON myxapp.* TO net@'127.0.0.0/255.0.0.0'",
  "REVOKE PROXY ON net@'127.0.0.0/255.0.0.0' FROM limited@'%'",
  "ALTER USER limited@'%' WITH MAX_CONNECTIONS_PER_HOUR 9 MAX_USER_CONNECTIONS 0",
  "ALTER USER locked@'%' ACCOUNT UNLOCK",
  "ALTER USER net@'127.0.0.0/255.0.0.0' ACCOUNT LOCK",
  "ALTER USER certified@'%' REQUIRE NONE",
  "ALTER USER reader@'%' IDENTIFIED BY 'other' REQUIRE SSL",
  "REVOKE GRANT OPTION ON *.* FROM dba@'%'",
];

const mysqlDrift: Drift = {
  ...shared,
  changes: [
    ...sharedChanges,
    "ALTER USER expired@'%' IDENTIFIED BY 'fresh'",
    "ALTER USER 'o''brien'@'%' PASSWORD HISTORY DEFAULT FAILED_LOGIN_ATTEMPTS 0 ATTRIBUTE '{\"more\": 1, \"comment\": null}'",
    "ALTER USER dba@'%' FAILED_LOGIN_ATTEMPTS 4 PASSWORD_LOCK_TIME 1 ATTRIBUTE '{\"more\": 1}'",
    "ALTER USER two@'%' DISCARD OLD PASSWORD",
    "ALTER USER limited@'%' IDENTIFIED BY 'x' RETAIN CURRENT PASSWORD",
    "ALTER USER limited@'%' IDENTIFIED BY 'limited'",
    "REVOKE BACKUP_ADMIN ON *.* FROM dba@'%'",
    "GRANT BACKUP_ADMIN ON *.* TO dba@'%'",
    "GRANT CONNECTION_ADMIN, AUDIT_ADMIN ON *.* TO dba@'%' WITH GRANT OPTION",
    "REVOKE 'local'@'127.%' FROM reader@'%'",
    "GRANT 'rôle' TO reader@'%'",
    "REVOKE 'rôle' FROM `boss's role`@'%'",
    "SET DEFAULT ROLE 'rôle' TO reader@'%'",
    "GRANT `boss's role`@'%' TO reader@'%' WITH ADMIN OPTION",
  ],
  administrators: ["ALTER USER root@localhost COMMENT 'here'", "GRANT SUPER ON *.* TO dba@'%'"],
  leftAlone: { 'dba@%': /administrator on the target/, 'root@localhost': /first administrator/ },
  drops: [...shared.drops, "DROP ROLE 'local'@'127.%'"],
  member: 'reader@%',
  brings: ["boss's role@%", 'local@127.%', 'reader@%'],
};

const mariadbDrift: Drift = {
  ...shared,
  changes: [
    ...sharedChanges,
    "ALTER USER expired@'%' IDENTIFIED BY 'fresh' PASSWORD EXPIRE DEFAULT",
    "ALTER USER 'o''brien'@'%' PASSWORD EXPIRE DEFAULT",
    "ALTER USER modern@'%' IDENTIFIED BY 'x'",
    "REVOKE BINLOG ADMIN ON *.* FROM dba@'%'",
    "GRANT BINLOG MONITOR ON *.* TO dba@'%'",
    "REVOKE ADMIN OPTION FOR 'rôle' FROM `boss's role`",
    "GRANT 'rôle' TO reader@'%'",
    "GRANT `boss's role` TO reader@'%' WITH ADMIN OPTION",
    "SET DEFAULT ROLE 'rôle' FOR reader@'%'",
    'GRANT SELECT ON myxapp.* TO PUBLIC',
  ],
  administrators: ['ALTER USER root@localhost WITH MAX_USER_CONNECTIONS 9', "GRANT SUPER ON *.* TO dba@'%'"],
  leftAlone: { 'dba@%': /administrator on the target/, 'root@localhost': /first administrator/ },
  member: 'reader',
  brings: ["boss's role", 'reader@%'],
};

const postgresqlDrift = (major: number): Drift => ({
  weak,
  weakLacks: /lacks .*SUPERUSER/,
  plain: 'expired',
  before: [`CREATE ROLE weak LOGIN CREATEROLE PASSWORD '${weak.password}'`],
  withoutOwn: (state) => ({
    ...state,
    // From 16 on, who makes a role administers it.
    memberships: (state['memberships'] as string[]).filter((each) => !each.includes('"member":"weak"')),
    roles: (state['roles'] as { rolname: string }[]).filter(({ rolname }) => rolname !== 'weak'),
  }),
  changes: [
    `ALTER ROLE "o'brien ""ä""" CONNECTION LIMIT -1 VALID UNTIL 'infinity' PASSWORD 'other'`,
    `COMMENT ON ROLE "o'brien ""ä""" IS NULL`,
    `ALTER ROLE "o'brien ""ä""" RESET search_path`,
    `ALTER ROLE "o'brien ""ä""" SET lock_timeout TO '9s'`,
    `ALTER ROLE noinherit INHERIT NOLOGIN CREATEDB`,
    `ALTER ROLE bypasses NOBYPASSRLS`,
    `ALTER ROLE old PASSWORD NULL`,
    `REVOKE "Readers" FROM noinherit`,
    `GRANT "all readers" TO bypasses`,
    `GRANT "all readers" TO "o'brien ""ä""" WITH ADMIN OPTION`,
    `COMMENT ON ROLE slow IS 'new'`,
  ],
  administrators: ['ALTER ROLE dba CONNECTION LIMIT 3', `ALTER ROLE postgres SET work_mem TO '9MB'`],
  leftAlone: { dba: /administrator on the target/, postgres: /first administrator/ },
  drops: [
    // A role that others hold through it cannot be dropped before.
    ...(major >= 16 ? ['REVOKE "Readers" FROM slow GRANTED BY "all readers"'] : []),
    'DROP ROLE "all readers"',
    'DROP ROLE noinherit',
    `DROP ROLE "o'brien ""ä"""`,
  ],
  member: `o'brien "ä"`,
  brings: ['all readers', `o'brien "ä"`],
  obstacle: [`DROP ROLE "o'brien ""ä"""`, 'DROP DATABASE app_db'],
  obstacleSays: /the database “app_db” is not there yet/,
  obstacleGone: ['CREATE DATABASE app_db'],
});
