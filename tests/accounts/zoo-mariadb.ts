import { sharedGrants, sharedGround, sharedLogins } from './zoo-mysql.ts';
import type { Zoo } from './zoo.ts';

const proxies = [
  `INSERT IGNORE INTO mysql.proxies_priv (Host, User, Proxied_host, Proxied_user, With_grant, Grantor)
     SELECT Host, User, '', '', 1, '' FROM mysql.global_priv WHERE User = 'root'`,
  'FLUSH PRIVILEGES',
];

export const mariadbZoo: Zoo = {
  ground: ["INSTALL SONAME 'auth_ed25519'", ...proxies, ...sharedGround],
  accounts: [
    "CREATE ROLE 'rôle'",
    "CREATE ROLE `boss's role`",
    `CREATE USER 'o''brien'@'%' IDENTIFIED BY 'pä"ss''w\\\\😀' PASSWORD EXPIRE INTERVAL 30 DAY`,
    "CREATE USER net@'127.0.0.0/255.0.0.0' IDENTIFIED VIA unix_socket OR mysql_native_password USING PASSWORD('Ñet.1')",
    `CREATE USER limited@'%' IDENTIFIED BY 'limited' WITH MAX_QUERIES_PER_HOUR 500 MAX_USER_CONNECTIONS 20 MAX_STATEMENT_TIME 30`,
    "CREATE USER dba@'%' IDENTIFIED BY 'dba pass' PASSWORD EXPIRE NEVER",
    "CREATE USER reader@'%' IDENTIFIED BY 'r'",
    "CREATE USER modern@'%' IDENTIFIED VIA ed25519 USING PASSWORD('mödern')",
    "CREATE USER locked@'%' IDENTIFIED BY 'locked' ACCOUNT LOCK",
    "CREATE USER expired@'%' IDENTIFIED BY 'expired' REQUIRE SSL PASSWORD EXPIRE NEVER",
    "ALTER USER expired@'%' PASSWORD EXPIRE",
    "CREATE USER certified@'%' IDENTIFIED BY 'c' REQUIRE SUBJECT '/CN=it''s \\\\ me' AND ISSUER '/O=x'",
    "CREATE USER ''@'nowhere.example'",
    ...sharedGrants,
    "GRANT BINLOG ADMIN ON *.* TO dba@'%'",
    "GRANT SELECT ON my_app.* TO 'rôle'",
    "GRANT 'rôle' TO `boss's role` WITH ADMIN OPTION",
    "GRANT `boss's role` TO reader@'%'",
    "GRANT 'rôle' TO dba@'%' WITH ADMIN OPTION",
    "SET DEFAULT ROLE `boss's role` FOR reader@'%'",
    'GRANT SHOW VIEW ON my_app.* TO PUBLIC',
  ],
  logins: [
    ...sharedLogins,
    { user: 'modern', password: 'mödern', may: 'SELECT 1', mayNot: 'SELECT x FROM my_app.t' },
  ],
  shut: [{ user: 'locked', password: 'locked' }],
};
