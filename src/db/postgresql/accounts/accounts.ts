import type { Account, AccountSet, Membership, RoleAttributes } from '../../../model/accounts.ts';
import type { ServerInfo } from '../../adapter.ts';
import type { Database, Query } from '../session.ts';

/** Roles that a managed service keeps for itself. The server's own begin with `pg_`. */
const INTERNAL =
  '^(pg_.*|rdsadmin|rds_(superuser|replication|password|iam|ad|reserved|extension)|rdsrepladmin|rdstopmgr|rdswriteforwarduser' +
  '|cloudsql[a-z]+|alloydb[a-z]+|azure_pg_admin|azure_superuser|azuresu)$';

interface Row extends Omit<RoleAttributes, 'password' | 'validUntil'> {
  id: string;
  name: string;
  validUntil: string | null;
  password: string | null;
  comment: string | null;
}

/**
 * Every role of the server but its own ones, in one snapshot. Catalogue queries instead of pg_dumpall: they go on where a role's
 * settings end that (F7), and where pg_authid may not be read passwords alone are missing (F42).
 *
 * @throws VyaError `connection`, `privileges` or `failed`
 */
export async function readAccounts(database: Database, server: ServerInfo): Promise<AccountSet> {
  return await database.transaction(async (query) => {
    const readable = await mayReadPasswords(query);
    const [first] = await query<{ name: string }>(
      'SELECT rolname::text AS name FROM pg_roles WHERE oid = 10',
    );
    const rows = await readRoles(query, readable);
    const memberships = await readMemberships(query);
    const settings = await readSettings(query);
    return {
      source: {
        format: 'vya-accounts',
        version: 1,
        flavour: 'postgresql',
        server: server.version,
        ...(first ? { bootstrap: first.name } : {}),
        tablespaces: await readTablespaces(query),
      },
      accounts: rows.map((row) => ({
        ...accountOf(row, server, readable, row.name === first?.name),
        memberships: memberships.get(row.id) ?? [],
        settings: settings.get(row.id) ?? [],
      })),
    };
  }, 'ISOLATION LEVEL REPEATABLE READ READ ONLY');
}

async function mayReadPasswords(query: Query): Promise<boolean> {
  const [row] = await query<{ may: boolean }>(
    `SELECT has_column_privilege('pg_catalog.pg_authid', 'rolpassword', 'SELECT') AS may`,
  );
  return row?.may ?? false;
}

async function readRoles(query: Query, readable: boolean): Promise<Row[]> {
  return await query<Row>(
    `SELECT r.oid::text AS id, r.rolname::text AS name, r.rolsuper AS superuser, r.rolinherit AS inherit,
            r.rolcreaterole AS "createRole", r.rolcreatedb AS "createDatabase", r.rolcanlogin AS login,
            r.rolreplication AS replication, r.rolbypassrls AS "bypassRls", r.rolconnlimit AS "connectionLimit",
            CASE WHEN isfinite(r.rolvaliduntil) THEN to_char(r.rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'
                 ELSE r.rolvaliduntil::text END AS "validUntil",
            ${readable ? 'a.rolpassword' : 'NULL'} AS password, shobj_description(r.oid, 'pg_authid') AS comment
       FROM pg_roles r ${readable ? 'JOIN pg_authid a ON a.oid = r.oid' : ''}
      WHERE r.rolname !~ $1 ORDER BY r.rolname`,
    [INTERNAL],
  );
}

function accountOf(row: Row, server: ServerInfo, readable: boolean, bootstrap: boolean): Account {
  const { id: _, name, comment, password, validUntil, ...attributes } = row;
  const { login, superuser, createRole } = attributes;
  // Roles that cannot log in have no need of a password; for others the output says that it is missing.
  const problems =
    readable || !login ? [] : ['its password may not be read from pg_authid, and is not in the backup'];
  return {
    name,
    user: name,
    kind: login ? 'user' : 'role',
    locked: !login,
    administrator: superuser || bootstrap || (createRole && server.version.major < 16),
    own: name === server.account,
    attributes: {
      ...attributes,
      ...(validUntil === null ? {} : { validUntil }),
      ...(readable ? { password } : {}),
    },
    ...(comment === null ? {} : { comment }),
    memberships: [],
    defaultRoles: [],
    captured: true,
    grants: [],
    settings: [],
    problems,
  };
}

/** By the member's id. The options of a membership came with PostgreSQL 16: they are read from the row as JSON. */
async function readMemberships(query: Query): Promise<Map<string, Membership[]>> {
  const rows = await query<{
    member: string;
    role: string;
    admin: boolean;
    inherit: boolean | null;
    set: boolean | null;
    grantor: string | null;
  }>(
    `SELECT m.member::text AS member, r.rolname::text AS role, m.admin_option AS admin,
            (j ->> 'inherit_option')::boolean AS inherit, (j ->> 'set_option')::boolean AS set, g.rolname::text AS grantor
       FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid LEFT JOIN pg_roles g ON g.oid = m.grantor, to_jsonb(m) AS j
      ORDER BY 1, 2, 6`,
  );
  return grouped(rows, ({ member, inherit, set, grantor, ...membership }) => [
    member,
    {
      ...membership,
      ...(inherit === null ? {} : { inherit }),
      ...(set === null ? {} : { set }),
      ...(grantor === null ? {} : { grantor }),
    },
  ]);
}

async function readSettings(query: Query): Promise<Map<string, Account['settings']>> {
  const rows = await query<{ role: string; database: string | null; setting: string }>(
    `SELECT s.setrole::text AS role, d.datname::text AS database, unnest(s.setconfig) AS setting
       FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase
      WHERE s.setrole <> 0 ORDER BY 1, 2 NULLS FIRST, 3`,
  );
  return grouped(rows, ({ role, database, setting }) => {
    const equals = setting.indexOf('=');
    const pair = { name: setting.slice(0, equals), value: setting.slice(equals + 1) };
    return [role, database === null ? pair : { database, ...pair }];
  });
}

async function readTablespaces(query: Query): Promise<AccountSet['source']['tablespaces']> {
  return await query(
    `SELECT spcname::text AS name, pg_get_userbyid(spcowner)::text AS owner, pg_tablespace_location(oid) AS location
       FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global') ORDER BY 1`,
  );
}

function grouped<Row, Value>(
  rows: readonly Row[],
  split: (row: Row) => [key: string, value: Value],
): Map<string, Value[]> {
  const groups = new Map<string, Value[]>();
  for (const row of rows) {
    const [key, value] = split(row);
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  return groups;
}
