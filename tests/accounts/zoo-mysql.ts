import type { Zoo } from './zoo.ts';

/** The grants that a server's first administrator has, and the test servers' has not: it may hand out PROXY. */
const proxies = [
  `INSERT IGNORE INTO mysql.proxies_priv (Host, User, Proxied_host, Proxied_user, With_grant, Grantor)
     SELECT Host, User, '', '', 1, '' FROM mysql.user WHERE User = 'root'`,
  'FLUSH PRIVILEGES',
];

export const sharedGround = [
  'CREATE DATABASE shop',
  'CREATE TABLE shop.orders (id int PRIMARY KEY, amount int, secret int, `we``ird, x` int)',
  'INSERT INTO shop.orders VALUES (1, 2, 3, 4)',
  'CREATE PROCEDURE shop.tidy() SELECT 1',
  'CREATE FUNCTION shop.tax() RETURNS int DETERMINISTIC RETURN 1',
  'CREATE DATABASE my_app',
  'CREATE TABLE my_app.t (x int)',
  'CREATE DATABASE myxapp',
  'CREATE TABLE myxapp.t (x int)',
];

/** Grants that MySQL and MariaDB spell alike. */
export const sharedGrants = [
  "GRANT SELECT (id, amount, `we``ird, x`), INSERT (id), DELETE ON shop.orders TO 'o''brien'@'%' WITH GRANT OPTION",
  "GRANT EXECUTE ON PROCEDURE shop.tidy TO 'o''brien'@'%'",
  "GRANT EXECUTE ON FUNCTION shop.tax TO 'o''brien'@'%' WITH GRANT OPTION",
  "GRANT SELECT ON `my\\_app`.* TO net@'127.0.0.0/255.0.0.0'",
  "GRANT SELECT ON `gone\\_%`.* TO net@'127.0.0.0/255.0.0.0'",
  "GRANT ALL PRIVILEGES ON shop.* TO limited@'%'",
  "GRANT USAGE ON my_app.* TO limited@'%' WITH GRANT OPTION",
  "GRANT PROXY ON net@'127.0.0.0/255.0.0.0' TO limited@'%' WITH GRANT OPTION",
  "GRANT SELECT, RELOAD ON *.* TO dba@'%' WITH GRANT OPTION",
];

export const sharedLogins: Zoo['logins'] = [
  {
    user: "o'brien",
    password: `pä"ss'w\\😀`,
    may: 'SELECT id, amount FROM shop.orders',
    mayNot: 'SELECT secret FROM shop.orders',
  },
  {
    user: 'net',
    password: 'Ñet.1',
    may: 'SELECT x FROM my_app.t',
    mayNot: 'SELECT x FROM myxapp.t',
  },
  {
    user: 'limited',
    password: 'limited',
    may: 'SELECT * FROM shop.orders',
    mayNot: 'SELECT x FROM my_app.t',
  },
  { user: 'dba', password: 'dba pass', may: 'SELECT x FROM myxapp.t', mayNot: 'DELETE FROM my_app.t' },
  { user: 'reader', password: 'r', may: 'SELECT x FROM my_app.t', mayNot: 'SELECT * FROM shop.orders' },
];

export const mysqlZoo: Zoo = {
  ground: [...proxies, ...sharedGround],
  accounts: [
    "CREATE ROLE 'rôle', `boss's role`@'%', 'local'@'127.%'",
    `CREATE USER 'o''brien'@'%' IDENTIFIED BY 'pä"ss''w\\\\😀' PASSWORD EXPIRE INTERVAL 30 DAY
       PASSWORD HISTORY 3 PASSWORD REUSE INTERVAL 10 DAY PASSWORD REQUIRE CURRENT OPTIONAL
       FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME 2 COMMENT 'it''s "ä" \\\\ comment'`,
    "CREATE USER net@'127.0.0.0/255.0.0.0' IDENTIFIED WITH sha256_password BY 'Ñet.1' ATTRIBUTE '{\"k\": [1, \"v\"]}'",
    `CREATE USER limited@'%' IDENTIFIED BY 'limited' WITH MAX_QUERIES_PER_HOUR 500 MAX_USER_CONNECTIONS 20`,
    "CREATE USER dba@'%' IDENTIFIED BY 'dba pass' PASSWORD EXPIRE NEVER",
    "CREATE USER reader@'%' IDENTIFIED BY 'r'",
    "CREATE USER locked@'%' IDENTIFIED BY 'locked' ACCOUNT LOCK",
    "CREATE USER expired@'%' IDENTIFIED BY 'expired' REQUIRE SSL PASSWORD EXPIRE",
    "CREATE USER certified@'%' IDENTIFIED BY 'c' REQUIRE SUBJECT '/CN=it''s \\\\ me' AND ISSUER '/O=x'",
    "CREATE USER two@'%' IDENTIFIED BY 'first'",
    "ALTER USER two@'%' IDENTIFIED BY 'second' RETAIN CURRENT PASSWORD",
    "CREATE USER ''@'nowhere.example'",
    ...sharedGrants,
    "GRANT BACKUP_ADMIN ON *.* TO dba@'%' WITH GRANT OPTION",
    "GRANT CONNECTION_ADMIN, ROLE_ADMIN ON *.* TO dba@'%'",
    "GRANT SELECT ON my_app.* TO 'rôle'",
    "GRANT 'rôle' TO `boss's role`@'%' WITH ADMIN OPTION",
    "GRANT `boss's role`@'%', 'local'@'127.%' TO reader@'%'",
    "SET DEFAULT ROLE `boss's role`@'%' TO reader@'%'",
  ],
  logins: [
    ...sharedLogins,
    { user: 'two', password: 'first', may: 'SELECT 1', mayNot: 'SELECT x FROM my_app.t' },
    { user: 'two', password: 'second', may: 'SELECT 1', mayNot: 'SELECT x FROM my_app.t' },
  ],
  shut: [{ user: 'locked', password: 'locked' }],
};
