import { escapeIdentifier } from 'pg';
import type { ServerInfo } from '../../adapter.ts';
import type { Finding } from '../../finding.ts';
import { gather } from '../gather.ts';
import { isMember } from '../objects.ts';
import { listed } from '../load/roles.ts';
import type { Database, Query } from '../session.ts';

/** What pg_dump reads or locks: tables, partitioned ones and sequences outside the server's own schemas. */
const DUMPED = `FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'S') AND NOT ${isMember('pg_class', 'c.oid')}`;

interface Row {
  name: string;
}

/** What would stop a dump of this database or leave something out. Asked in the database itself. */
export async function findDumpProblems(database: Database, server: ServerInfo): Promise<Finding[]> {
  const query = gather(database.query);
  const found = await Promise.all([
    unreadable(query, server),
    unreadableLargeObjects(query, server),
    rowSecurity(query, server),
    locked(query, server),
    leftOut(query, server),
    secrets(query),
  ]);
  return found.flat();
}

async function unreadable(query: Query, server: ServerInfo): Promise<Finding[]> {
  const rows = await query<Row & { schema: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name, n.nspname::text AS schema ${DUMPED}
        AND NOT (has_schema_privilege(n.oid, 'USAGE')
                 AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT') ELSE has_table_privilege(c.oid, 'SELECT') END)
      ORDER BY 1`,
  );
  if (rows.length === 0) return [];
  const account = escapeIdentifier(server.account);
  const schemas = [...new Set(rows.map(({ schema }) => escapeIdentifier(schema)))].join(', ');
  const grant =
    server.version.major >= 14
      ? `GRANT pg_read_all_data TO ${account};`
      : `GRANT USAGE ON SCHEMA ${schemas} TO ${account}; GRANT SELECT ON ALL TABLES IN SCHEMA ${schemas} TO ${account}; GRANT SELECT ON ALL SEQUENCES IN SCHEMA ${schemas} TO ${account};`;
  return [
    {
      severity: 'error',
      kind: 'privileges',
      message: `${server.account} may not read ${listed(rows.map(({ name }) => name))}`,
      hint: `Let an administrator run: ${grant}`,
    },
  ];
}

/** pg_read_all_data does not open large objects; each has an owner and an ACL of its own. */
async function unreadableLargeObjects(query: Query, server: ServerInfo): Promise<Finding[]> {
  const [row] = await query<{ count: number; first: string }>(
    `SELECT count(*)::int AS count, min(o.oid)::text AS first
       FROM pg_largeobject_metadata o
      WHERE NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
        AND current_setting('lo_compat_privileges') = 'off'
        AND NOT pg_has_role(o.lomowner, 'USAGE')
        AND NOT EXISTS (SELECT FROM aclexplode(o.lomacl) a WHERE a.privilege_type = 'SELECT'
                           AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')))`,
  );
  if (!row || row.count === 0) return [];
  const account = escapeIdentifier(server.account);
  return [
    {
      severity: 'error',
      kind: 'privileges',
      message: `${server.account} may not read ${row.count} large object(s)`,
      hint: `Let an administrator run GRANT SELECT ON LARGE OBJECT ${row.first} TO ${account} and so on for each, or ALTER DATABASE … SET lo_compat_privileges = on.`,
    },
  ];
}

/** pg_dump refuses tables whose rows a policy would hide from it, and it must: the alternative is a backup without them (F8). */
async function rowSecurity(query: Query, server: ServerInfo): Promise<Finding[]> {
  const rows = await query<Row>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name ${DUMPED} AND c.relrowsecurity AND row_security_active(c.oid) ORDER BY 1`,
  );
  if (rows.length === 0) return [];
  return [
    {
      severity: 'error',
      kind: 'privileges',
      message: `row-level security hides rows of ${listed(rows.map(({ name }) => name))} from ${server.account}`,
      hint: `Let an administrator run: ALTER ROLE ${escapeIdentifier(server.account)} BYPASSRLS;`,
    },
  ];
}

/** A lock that a dump has to wait for, held or asked for by somebody else (F6). */
async function locked(query: Query, server: ServerInfo): Promise<Finding[]> {
  const rows = await query<Row & { pid: number | null }>(
    `SELECT DISTINCT format('%I.%I', n.nspname, c.relname) AS name, l.pid
       FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_backend_pid()
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' ORDER BY 1`,
  );
  // A standby replays locks of its primary, and its startup process holds them.
  if (rows.length === 0) return [];
  const holder = ({ pid }: { pid: number | null }) =>
    pid === null ? 'a prepared transaction' : server.replica ? `process ${pid}` : `session ${pid}`;
  return [
    {
      severity: 'warning',
      kind: 'failed',
      message: `the dump will have to wait for locks: ${listed(rows.map((row) => `${row.name} (${holder(row)})`))}`,
      hint: 'See pg_stat_activity for who that is.',
    },
  ];
}

/** What pg_dump leaves out by itself and without failing (F2). */
async function leftOut(query: Query, server: ServerInfo): Promise<Finding[]> {
  const [unlogged, subscriptions, mappings] = await Promise.all([
    query<Row>(
      `SELECT format('%I.%I', n.nspname, c.relname) AS name ${DUMPED}
          AND c.relpersistence = 'u' AND c.relkind = 'r' AND ${server.replica} ORDER BY 1`,
    ),
    query<Row>(
      `SELECT subname::text AS name FROM pg_subscription
        WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) ORDER BY 1`,
    ),
    // Who may not see the options is shown none, and so is pg_dump.
    query<Row>(
      `SELECT DISTINCT srvname::text AS name FROM pg_user_mappings
        WHERE umoptions IS NULL AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) ORDER BY 1`,
    ),
  ]);
  return [
    omission(
      unlogged,
      (names) => `a standby does not have the rows of unlogged tables: ${names} will be empty`,
      'Back this database up from the primary.',
    ),
    omission(
      subscriptions,
      (names) => `only a superuser can dump subscriptions: ${names} will be missing`,
      'Back up with a superuser, or create them again by hand after a restore.',
    ),
    omission(
      mappings,
      (names) =>
        `only a superuser can dump the options of user mappings (foreign servers: ${names}): user names and passwords will be missing`,
      'Back up with a superuser, or set them again by hand after a restore.',
    ),
  ].flat();
}

function omission(rows: readonly Row[], message: (names: string) => string, hint: string): Finding[] {
  if (rows.length === 0) return [];
  return [
    { severity: 'warning', kind: 'failed', message: message(listed(rows.map(({ name }) => name))), hint },
  ];
}

/** Passwords that stand in clear in a dump (F15). */
async function secrets(query: Query): Promise<Finding[]> {
  const rows = await query<Row>(
    `SELECT DISTINCT srvname::text AS name FROM pg_user_mappings, unnest(umoptions) AS option
      WHERE option ILIKE 'password=%' OR option ILIKE 'passcode=%' ORDER BY 1`,
  );
  if (rows.length === 0) return [];
  return [
    {
      severity: 'warning',
      kind: 'failed',
      message: `the backup holds passwords of user mappings in clear (foreign servers: ${listed(rows.map(({ name }) => name))})`,
      hint: 'Keep the storage as private as the server.',
    },
  ];
}
