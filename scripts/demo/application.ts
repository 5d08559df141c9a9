import { connect } from '../../tests/servers/connect.ts';
import type { TestServer } from '../../tests/servers/server.ts';

const login = { user: 'shop_app', password: 'Old.password-1' };

/** An account that reads the sample, as an application has it. */
export async function createApplication(server: TestServer): Promise<void> {
  const statements =
    server.type === 'mysql'
      ? `CREATE USER shop_app@'%' IDENTIFIED BY '${login.password}'; GRANT SELECT ON shop.* TO shop_app@'%'`
      : `CREATE ROLE shop_app LOGIN PASSWORD '${login.password}'; GRANT pg_read_all_data, deli_app TO shop_app`;
  const connection = await connect(server);
  try {
    await connection.script(statements);
  } finally {
    await connection.close();
  }
}

/** Logs in with the old password and asks what the application asks. Throws when either is refused. */
export async function useApplication(server: TestServer): Promise<void> {
  const connection = await connect(server, 'shop', login);
  try {
    await connection.query(
      `SELECT count(*) AS customers FROM ${server.type === 'mysql' ? '' : 'shop.'}customers`,
    );
  } finally {
    await connection.close();
  }
}
