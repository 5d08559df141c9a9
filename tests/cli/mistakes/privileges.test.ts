import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../servers/connect.ts';
import type { TestServer } from '../../servers/server.ts';
import { serverIsMissing, sharedServer } from '../../servers/servers.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { workspace, type Workspace } from '../vya.ts';
import { reported } from './told.ts';

const database = 'mistakes_closed';
const login = { user: 'vya_poor', password: 'word' };

describe.skipIf(await serverIsMissing('postgresql-18'))('an account without privileges on PostgreSQL', () => {
  let server: TestServer;
  let inside: TestDatabase;
  let space: Workspace;
  const asAdmin = async (sql: string): Promise<void> => {
    const admin = await connect(server);
    await admin.script(sql);
    await admin.close();
  };
  beforeAll(async () => {
    server = await sharedServer('postgresql-18');
    inside = await createTestDatabase(server, database, 'CREATE TABLE customers (id int PRIMARY KEY)');
    await asAdmin(
      `DROP ROLE IF EXISTS ${login.user}; CREATE ROLE ${login.user} LOGIN PASSWORD '${login.password}'`,
    );
    space = await workspace({
      instances: [{ id: 'pg', server, login, settings: { databases: [database], accounts: true } }],
    });
  });
  afterAll(async () => {
    await space.remove();
    await inside.drop();
    await asAdmin(`DROP ROLE ${login.user}`);
  });

  test('may not read tables', async () => {
    const result = await space.vya(['check'], { measured: false });
    expect(reported(result, `pg/${database}`)).toEqual({
      code: 9,
      message: 'vya_poor may not read public.customers',
      hint: 'Let an administrator run: GRANT pg_read_all_data TO "vya_poor";',
    });
  });

  test('may not even connect to the database', async () => {
    await asAdmin(`REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC`);
    expect(reported(await space.vya(['check'], { measured: false }), `pg/${database}`)).toEqual({
      code: 9,
      message: `cannot connect to 127.0.0.1:${server.port}: user vya_poor may not connect to the database ${database}`,
      hint: `Let an administrator run: GRANT CONNECT ON DATABASE "${database}" TO "vya_poor";`,
    });
  });
});
