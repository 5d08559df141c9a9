import type { Inventory } from '../../../model/inventory.ts';
import { isMember } from '../objects.ts';
import type { Query } from '../session.ts';

type Needs = Inventory['needs'];

/** Objects with an owner: catalogue, its column, and what of it pg_dump takes. */
const OWNED: readonly (readonly [catalogue: string, owner: string, only?: string])[] = [
  ['pg_class', 'relowner', `o.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')`],
  ['pg_proc', 'proowner'],
  [
    'pg_type',
    'typowner',
    // Others come with a table, an element or a range.
    `o.typtype IN ('b', 'd', 'e', 'r') AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = o.oid)
     OR EXISTS (SELECT FROM pg_class c WHERE c.oid = o.typrelid AND c.relkind = 'c')`,
  ],
  ['pg_namespace', 'nspowner', `o.nspname !~ '^pg_'`],
  ['pg_operator', 'oprowner'],
  ['pg_opclass', 'opcowner'],
  ['pg_opfamily', 'opfowner'],
  ['pg_collation', 'collowner'],
  ['pg_conversion', 'conowner'],
  ['pg_ts_dict', 'dictowner'],
  ['pg_ts_config', 'cfgowner'],
  ['pg_language', 'lanowner'],
  ['pg_foreign_data_wrapper', 'fdwowner'],
  ['pg_foreign_server', 'srvowner'],
  ['pg_publication', 'pubowner'],
  ['pg_event_trigger', 'evtowner'],
  ['pg_statistic_ext', 'stxowner'],
  ['pg_largeobject_metadata', 'lomowner'],
];

/** The first object identifier that is not the server's own (FirstNormalObjectId). */
const FIRST_USER_OID = 16_384;

/** What a target needs for this database: roles by what they are needed for, collations of the system, tablespaces. */
export async function readNeeds(query: Query, reading: Promise<Inventory['database']>): Promise<Needs> {
  const [properties, ownersOfObjects, others, collations, tablespaces] = await Promise.all([
    reading,
    readOwners(query),
    readOtherRoles(query),
    readCollations(query),
    readTablespaces(query),
  ]);
  const owners = new Set([...ownersOfObjects, ...(properties.owner ? [properties.owner] : [])]);
  const named = (use: string) => others.filter((each) => each.use === use).map(({ role }) => role);
  const grants = new Set(named('grant'));
  const bound = new Set(named('bound'));
  return {
    roles: [...new Set([...owners, ...grants, ...bound])].toSorted(),
    roleUses: { owners: [...owners].toSorted(), grants: [...grants].toSorted() },
    definers: [],
    collations,
    tablespaces: [
      ...new Set([...tablespaces, ...(properties.tablespace === undefined ? [] : [properties.tablespace])]),
    ].toSorted(),
    engines: [],
  };
}

async function readOwners(query: Query): Promise<string[]> {
  const parts = OWNED.map(
    ([catalogue, owner, only = 'true']) =>
      `SELECT o.${owner} FROM ${catalogue} o
        WHERE o.oid >= ${FIRST_USER_OID} AND (${only}) AND NOT ${isMember(catalogue, 'o.oid')}`,
  );
  // The schema public is the server's own, until somebody gives it another owner than the usual one.
  parts.push(`SELECT o.nspowner FROM pg_namespace o
    WHERE o.nspname = 'public' AND o.nspowner <> 10 AND pg_get_userbyid(o.nspowner) <> 'pg_database_owner'`);
  const rows = await query<{ role: string }>(
    `SELECT pg_get_userbyid(owner)::text AS role FROM (${parts.join(' UNION ')}) AS owners (owner)`,
  );
  return rows.map(({ role }) => role);
}

/**
 * Roles that are granted something here (`grant`), and roles that policies and user mappings name (`bound`). The server keeps track of
 * both in pg_shdepend.
 */
async function readOtherRoles(query: Query): Promise<{ role: string; use: string }[]> {
  return await query<{ role: string; use: string }>(
    `SELECT DISTINCT r.rolname::text AS role, uses.use
       FROM pg_database b
      CROSS JOIN LATERAL (
        SELECT s.refobjid AS role, CASE WHEN s.deptype = 'a' OR s.classid = 'pg_default_acl'::regclass THEN 'grant' ELSE 'bound' END AS use
          FROM pg_shdepend s
         WHERE s.dbid = b.oid AND s.refclassid = 'pg_authid'::regclass
           AND (s.deptype IN ('a', 'r') OR s.classid IN ('pg_default_acl'::regclass, 'pg_user_mapping'::regclass))
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = s.classid AND d.objid = s.objid AND d.deptype = 'e')
        UNION SELECT a.grantee, 'grant' FROM aclexplode(b.datacl) a WHERE a.grantee <> b.datdba
      ) AS uses
       JOIN pg_roles r ON r.oid = uses.role
      WHERE b.datname = current_database()`,
  );
}

/** The system's collations that columns, indexes and domains name. Users' own collations are in the dump. */
async function readCollations(query: Query): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `SELECT DISTINCT c.collname::text AS name
       FROM pg_depend d JOIN pg_collation c ON c.oid = d.refobjid AND d.refclassid = 'pg_collation'::regclass
      WHERE c.collnamespace = 'pg_catalog'::regnamespace AND d.objid >= ${FIRST_USER_OID}
        AND c.collname NOT IN ('default', 'C', 'POSIX')
      ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

async function readTablespaces(query: Query): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `SELECT DISTINCT t.spcname::text AS name
       FROM pg_class c JOIN pg_tablespace t ON t.oid = c.reltablespace
      WHERE c.oid >= ${FIRST_USER_OID} AND t.spcname NOT IN ('pg_default', 'pg_global')`,
  );
  return rows.map(({ name }) => name);
}
