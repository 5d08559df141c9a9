import type { Zoo } from './zoo.ts';

/** Roles, memberships and settings of PostgreSQL; membership options and grantors from 16 on. */
export function postgresqlZoo(major: number): Zoo {
  return {
    ground: [
      'CREATE DATABASE app_db',
      'CREATE TABLE orders (id int)',
      'ALTER TABLE orders ENABLE ROW LEVEL SECURITY',
    ],
    accounts: [
      `CREATE ROLE "o'brien ""ä""" LOGIN PASSWORD 'pä"ss''w\\😀' CONNECTION LIMIT 7 VALID UNTIL '2037-01-02 03:04:05.678+09'`,
      `COMMENT ON ROLE "o'brien ""ä""" IS 'it''s \\ "ä"'`,
      `ALTER ROLE "o'brien ""ä""" SET search_path TO "$user", 'a b', public`,
      `ALTER ROLE "o'brien ""ä""" SET work_mem TO '7MB'`,
      `ALTER ROLE "o'brien ""ä""" IN DATABASE postgres SET statement_timeout TO '1h'`,
      `ALTER ROLE "o'brien ""ä""" IN DATABASE app_db SET search_path TO ''`,
      `CREATE ROLE noinherit NOINHERIT LOGIN PASSWORD 'n'`,
      `CREATE ROLE bypasses BYPASSRLS LOGIN PASSWORD 'b'`,
      `CREATE ROLE replicator REPLICATION LOGIN PASSWORD 'r' CONNECTION LIMIT 2`,
      `CREATE ROLE old LOGIN PASSWORD 'md5${'0'.repeat(32)}' VALID UNTIL 'infinity'`,
      `CREATE ROLE expired LOGIN PASSWORD 'e' VALID UNTIL '2020-01-01'`,
      `CREATE ROLE "Readers"`,
      `CREATE ROLE "all readers" CREATEDB`,
      `CREATE ROLE dba SUPERUSER LOGIN PASSWORD 'dba' CREATEROLE`,
      `CREATE ROLE slow LOGIN PASSWORD 's'`,
      `ALTER ROLE slow SET statement_timeout TO 1`,
      `GRANT pg_read_all_data TO "Readers"`,
      `GRANT "Readers" TO "all readers" WITH ADMIN OPTION`,
      `GRANT "all readers" TO "o'brien ""ä"""`,
      `GRANT "Readers" TO noinherit`,
      `GRANT pg_read_all_data TO bypasses`,
      ...(major >= 16 ? withOptions : []),
    ],
    logins: [
      {
        user: `o'brien "ä"`,
        password: `pä"ss'w\\😀`,
        may: 'SELECT count(*) FROM orders',
        mayNot: 'DROP TABLE orders',
      },
      // Its membership has to be switched on with SET ROLE.
      { user: 'noinherit', password: 'n', may: 'SELECT 1', mayNot: 'SELECT * FROM orders' },
      { user: 'bypasses', password: 'b', may: 'SELECT * FROM orders', mayNot: 'CREATE ROLE x' },
      { user: 'replicator', password: 'r', may: 'SELECT 1', mayNot: 'SELECT * FROM orders' },
      { user: 'dba', password: 'dba', may: 'SELECT * FROM pg_authid', mayNot: 'SELECT 1/0' },
    ],
    shut: [{ user: 'expired', password: 'e' }],
  };
}

const withOptions = [
  `CREATE ROLE middle CREATEROLE LOGIN PASSWORD 'm'`,
  `GRANT "Readers" TO middle WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`,
  `GRANT "Readers" TO slow WITH INHERIT TRUE, SET FALSE GRANTED BY middle`,
  `GRANT "Readers" TO slow WITH INHERIT FALSE, SET TRUE GRANTED BY "all readers"`,
  // A role that its maker administers, by a grant to itself.
  `SET SESSION AUTHORIZATION middle; SET createrole_self_grant = 'set, inherit'; CREATE ROLE made; RESET SESSION AUTHORIZATION`,
];
