import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workspace, type Workspace } from '../cli/vya.ts';
import { connect } from '../servers/connect.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { accountsState } from './state.ts';

const app = { user: 'app', password: 'App.1' };
const kinds: ServerKind[] = ['mysql-9.7', 'mariadb-10.11', 'postgresql-18'];

/** A database that two accounts work in, one of them through a role, and an account that has nothing to do with it. */
const accounts = {
  mysql: [
    `CREATE USER app@'%' IDENTIFIED BY '${app.password}'`,
    "CREATE USER maker@'%' IDENTIFIED BY 'm'",
    "CREATE USER stranger@'%' IDENTIFIED BY 's'",
    'GRANT SELECT ON shop_one.* TO maker@`%`',
    "GRANT SELECT (id) ON shop_one.orders TO app@'%'",
    "GRANT SELECT ON shop_one.seen TO app@'%'",
  ],
  postgresql: [
    `CREATE ROLE app LOGIN PASSWORD '${app.password}'`,
    'CREATE ROLE maker',
    "CREATE ROLE stranger LOGIN PASSWORD 's'",
  ],
};

const objects = {
  mysql: `CREATE TABLE orders (id int PRIMARY KEY, secret int); INSERT INTO orders VALUES (7, 8);
    CREATE DEFINER = maker@'%' VIEW seen AS SELECT id FROM orders`,
  postgresql: `CREATE TABLE orders (id int PRIMARY KEY, secret int); INSERT INTO orders VALUES (7, 8);
    CREATE VIEW seen AS SELECT id FROM orders; ALTER TABLE orders OWNER TO maker; ALTER VIEW seen OWNER TO maker;
    GRANT SELECT (id) ON orders TO app; GRANT SELECT ON seen TO app`,
};

for (const kind of kinds) {
  describe.skipIf(await serverIsMissing(kind))(`restore --with-accounts on ${kind}`, () => {
    let server: TestServer;
    let bare: TestServer;
    let space: Workspace;

    const selection = [
      ...['restore', '--instance', 'main', '--database', 'shop_one', '--latest', '--target-instance', 'bare'],
      ...['--with-accounts', '--format', 'json'],
    ];

    beforeAll(async () => {
      [server, bare] = await Promise.all([startServer(kind), startServer(kind)]);
      await run(server, ['CREATE DATABASE shop_one']);
      if (server.type === 'postgresql') await run(server, accounts.postgresql);
      else await run(server, accounts.mysql.slice(0, 3));
      await run(server, [objects[server.type]], 'shop_one');
      if (server.type === 'mysql') await run(server, accounts.mysql.slice(3));
      space = await workspace({
        instances: [
          { id: 'main', server, settings: { databases: ['shop_one'], accounts: true } },
          { id: 'bare', server: bare },
        ],
      });
      const backup = await space.vya(['backup', '--instance', 'main']);
      expect(backup.code, backup.stdout + backup.stderr).toBe(0);
    });
    afterAll(async () => {
      await Promise.all([server?.stop(), bare?.stop(), space?.remove()]);
    });

    test('verify --rehearse rehearses the database and reads the accounts', async () => {
      const result = await space.vya(['verify', '--rehearse', '--instance', 'main']);
      expect(result.code, result.stdout + result.stderr).toBe(0);
      expect(result.stdout).toMatch(/main\/shop_one\/\S+ +(?!whole)/);
      expect(result.stdout).toMatch(/main\/@accounts\/\S+ +whole/);
    });

    test('--dry-run says which accounts would be made, and makes none', async () => {
      const before = await accountsState(bare);
      const result = await space.vya([...selection, '--dry-run']);
      expect(result.code, result.stdout + result.stderr).toBe(0);
      const { accounts: made } = result.json<{
        accounts: { accounts: { name: string; status: string }[] };
      }>();
      expect(
        made.accounts.flatMap(({ name, status }) => (status === 'create' ? [name] : [])).toSorted(),
      ).toEqual(server.type === 'mysql' ? ["'app'@'%'", "'maker'@'%'"] : ['app', 'maker']);
      expect(await accountsState(bare)).toEqual(before);
    });

    test('the accounts that the database needs come first, and can do what they could', async () => {
      const result = await space.vya(selection);
      expect(result.code, result.stdout + result.stderr).toBe(0);
      const connection = await connect(bare, 'shop_one', app);
      try {
        expect(await connection.query('SELECT id FROM orders')).toEqual([{ id: 7 }]);
        expect(await connection.query('SELECT id FROM seen')).toEqual([{ id: 7 }]);
        await expect(connection.query('SELECT secret FROM orders')).rejects.toThrow();
      } finally {
        await connection.close();
      }
      expect(JSON.stringify(await accountsState(bare))).not.toContain('stranger');
    });
  });
}

async function run(server: TestServer, statements: readonly string[], database?: string): Promise<void> {
  const connection = await connect(server, database);
  try {
    for (const statement of statements) await connection.script(statement);
  } finally {
    await connection.close();
  }
}
