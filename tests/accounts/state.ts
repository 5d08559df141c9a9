import { connect, type Connection } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';

/**
 * Everything that a server says of its accounts, less its own ones and the administrator, by account. An empty set
 * of attributes is none: no statement of MySQL's takes it away again.
 */
export async function accountsState(server: TestServer): Promise<Record<string, unknown>> {
  const connection = await connect(server);
  try {
    if (server.type === 'postgresql') return await postgresqlState(connection);
    return await mysqlState(connection, server.kind.startsWith('mariadb'));
  } finally {
    await connection.close();
  }
}

async function mysqlState(connection: Connection, mariadb: boolean): Promise<Record<string, unknown>> {
  if (!mariadb) await connection.script('SET SESSION print_identified_with_as_hex = ON');
  const users = await connection.query<{ user: string; host: string; role: string }>(
    `SELECT User AS user, Host AS host, ${mariadb ? 'is_role' : "'N'"} AS role FROM mysql.user
      WHERE User NOT LIKE 'mysql.%' AND User NOT IN ('mariadb.sys', 'root')`,
  );
  const state: Record<string, unknown> = {};
  for (const { user, host, role } of users) {
    const [name, at] = [user, host].map((text) => `\`${text.replaceAll('`', '``')}\``);
    const account = user === 'PUBLIC' ? 'PUBLIC' : role === 'Y' ? name : `${name}@${at}`;
    const created = role === 'Y' ? [] : await connection.query<object>(`SHOW CREATE USER ${account}`);
    const granted = await connection.query<object>(`SHOW GRANTS FOR ${account}`);
    state[`${account}`] = [
      ...created
        .flatMap((row) => Object.values(row) as string[])
        .map((line) => line.replace(/ ATTRIBUTE '\{\}'$/, '')),
      ...granted.flatMap((row) => Object.values(row) as string[]).toSorted(),
    ];
  }
  if (!mariadb) {
    const attributes = await connection.query(
      `SELECT User, Host, NULLIF(CAST(User_attributes AS CHAR), '{"metadata": {}}') AS attributes FROM mysql.user WHERE User <> 'root' ORDER BY 1, 2`,
    );
    const roles = await connection.query('SELECT * FROM mysql.role_edges ORDER BY 1, 2, 3, 4');
    Object.assign(state, {
      attributes,
      roles,
      defaults: await connection.query('SELECT * FROM mysql.default_roles'),
    });
  }
  return state;
}

async function postgresqlState(connection: Connection): Promise<Record<string, unknown>> {
  await connection.script(`SET TIME ZONE 'UTC'`);
  const roles = await connection.query<{ role: object }>(
    `SELECT to_jsonb(a) - 'oid' || jsonb_build_object('comment', shobj_description(a.oid, 'pg_authid')) AS role
       FROM pg_authid a WHERE rolname !~ '^pg_' AND a.oid <> 10 ORDER BY rolname`,
  );
  const memberships = await connection.query<{ membership: object }>(
    `SELECT to_jsonb(m) - 'oid' || jsonb_build_object('roleid', roleid::regrole, 'member', member::regrole, 'grantor', grantor::regrole)
         AS membership FROM pg_auth_members m WHERE member <> 3373 ORDER BY 1`,
  );
  const settings = await connection.query(
    `SELECT setrole::regrole::text AS role, setdatabase <> 0 AS inside,
            ARRAY(SELECT unnest(setconfig) ORDER BY 1) AS setconfig FROM pg_db_role_setting
      WHERE setrole NOT IN (0, 10) ORDER BY 1, 2, 3`,
  );
  const sorted = memberships.map(({ membership }) => JSON.stringify(membership)).toSorted();
  return { roles: roles.map(({ role }) => role), memberships: sorted, settings };
}
