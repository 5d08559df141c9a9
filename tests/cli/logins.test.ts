import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, sharedServer } from '../servers/servers.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { workspace, type Workspace } from './vya.ts';

const database = 'logins';

const passwords = {
  quotes: `p#w"x\\y'`,
  'colon-and-percent': 'a:b%41%\\c\\',
  spaces: '  both ends  ',
  unicode: 'ü漢😀',
  long: 'Xy9_'.repeat(30),
};

interface Account {
  id: string;
  user: string;
  password: string;
}

function accountsOf({ type }: TestServer): Account[] {
  // MySQL cuts spaces off both ends of a name that it is given.
  const named = type === 'mysql' ? [`o'neil "s`, '-lo gin\\'] : [`o"neil 's`, ' lo gin\\ '];
  return [
    ...Object.entries(passwords).map(([id, password], n) => ({ id, user: `vya_login_${n}`, password })),
    ...named.map((user, n) => ({ id: `user-${n}`, user, password: passwords.quotes })),
  ];
}

/** Statements that make an account which may read the database, and one that drops it. */
function statementsFor(
  { type, kind }: TestServer,
  { user, password }: Account,
): { make: string[]; drop: string } {
  if (type === 'mysql') {
    const escaped = (text: string) => `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
    const account = `${escaped(user)}@'%'`;
    return {
      make: [
        `CREATE USER ${account} IDENTIFIED BY ${escaped(password)}`,
        `GRANT SELECT, SHOW VIEW, TRIGGER, EVENT${kind === 'mysql-9.7' ? ', SHOW_ROUTINE' : ''} ON *.* TO ${account}`,
      ],
      drop: `DROP USER IF EXISTS ${account}`,
    };
  }
  const role = `"${user.replaceAll('"', '""')}"`;
  return {
    make: [
      `CREATE ROLE ${role} LOGIN PASSWORD '${password.replaceAll("'", "''")}'`,
      `GRANT pg_read_all_data TO ${role}`,
    ],
    drop: `DROP ROLE IF EXISTS ${role}`,
  };
}

for (const kind of ['mysql-9.7', 'mariadb-10.11', 'postgresql-18'] as const) {
  describe.skipIf(await serverIsMissing(kind))(`logins on ${kind}`, () => {
    let server: TestServer;
    let inside: TestDatabase;
    let space: Workspace;
    let accounts: Account[];

    const onServer = async (choose: (statements: ReturnType<typeof statementsFor>) => string[]) => {
      const connection = await connect(server);
      for (const account of accounts) {
        for (const statement of choose(statementsFor(server, account))) await connection.query(statement);
      }
      await connection.close();
    };

    beforeAll(async () => {
      server = await sharedServer(kind);
      accounts = accountsOf(server);
      inside = await createTestDatabase(server, database, 'CREATE TABLE t (id int PRIMARY KEY)');
      await onServer(({ make, drop }) => [drop, ...make]);
      // Each password is stored by `vya credentials set`, which reads it from stdin.
      space = await workspace({
        instances: accounts.map(({ id, user, password }) => ({
          id,
          server,
          login: { user, password },
          settings: { databases: [database] },
        })),
      });
    });

    afterAll(async () => {
      await space.remove();
      await onServer(({ drop }) => [drop]);
      await inside.drop();
    });

    test('accounts with awful names and passwords are stored from stdin and make a backup each (F36)', async () => {
      const listed = await space.vya(['credentials', 'list', '--format', 'json']);
      const { credentials } = listed.json<{ credentials: { id: string; username: string }[] }>();
      expect(Object.fromEntries(credentials.map(({ id, username }) => [id, username]))).toEqual(
        Object.fromEntries(accounts.map(({ id, user }) => [id, user])),
      );
      const backup = await space.vya(['backup', '--format', 'json']);
      expect(backup.code, backup.stdout + backup.stderr).toBe(0);
      for (const password of Object.values(passwords)) {
        expect(backup.stdout + backup.stderr).not.toContain(password);
      }
      const made = (await space.vya(['list', '--format', 'json'])).json<{
        backups: { instance: string }[];
      }>();
      expect(made.backups.map(({ instance }) => instance).toSorted()).toEqual(
        accounts.map(({ id }) => id).toSorted(),
      );
    });
  });
}
