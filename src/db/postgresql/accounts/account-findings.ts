import { escapeIdentifier } from 'pg';
import type { Account, AccountSet } from '../../../model/accounts.ts';
import type { AccountChange } from '../../accounts.ts';
import type { ServerInfo } from '../../adapter.ts';
import type { Finding } from '../../finding.ts';
import type { Database, Query } from '../session.ts';

/** From this version on CREATEROLE reaches as far as ADMIN on a role, and attributes are passed on by those who have them. */
const FIRST_WITH_ADMIN = 16;

/** From this version on the right to set a parameter can be granted. */
const FIRST_WITH_PARAMETERS = 15;

/** Attributes that not everybody with CREATEROLE may give. */
const GUARDED = ['SUPERUSER', 'REPLICATION', 'BYPASSRLS', 'CREATEDB'] as const;

/** What the session's role lacks for these changes. A superuser lacks nothing. */
export async function accountFindings(
  { query }: Database,
  server: ServerInfo,
  changes: readonly AccountChange[],
  present: AccountSet,
): Promise<Finding[]> {
  const own = present.accounts.find((account) => account.own);
  if (own?.attributes?.superuser === true || changes.length === 0) return [];
  const made = new Set(changes.flatMap(({ kind, account }) => (kind === 'create' ? [account] : [])));
  const parameters = await guardedParameters(query, server, changes);
  const missing = new Set<string>();
  for (const { needs } of changes) {
    if (needs.what === 'parameter') {
      if (parameters.has(needs.name.toLowerCase())) missing.add(`SET ON PARAMETER ${needs.name}`);
      else administered(server, own, made, needs.role).forEach((each) => missing.add(each));
    } else if (needs.what === 'role') {
      administered(server, own, made, needs.role).forEach((each) => missing.add(each));
      if (needs.grantor !== undefined) missing.add(`the privileges of ${needs.grantor}`);
    } else if (needs.what === 'accounts') {
      if (!own?.attributes?.createRole) missing.add('CREATEROLE');
      if (needs.superuser) missing.add('SUPERUSER');
      guardedAttributes(server, own, needs.attributes ?? []).forEach((each) => missing.add(each));
      if (needs.role !== undefined)
        administered(server, own, made, needs.role).forEach((each) => missing.add(each));
    }
  }
  if (missing.size === 0) return [];
  const role = escapeIdentifier(own?.name ?? server.account);
  return [
    {
      severity: 'error',
      kind: 'privileges',
      message: `${server.account} lacks ${[...missing].join(', ')}`,
      hint: `Restore with a superuser, or let one run: ALTER ROLE ${role} SUPERUSER;`,
    },
  ];
}

/** Before 16 CREATEROLE was enough for all but superusers; since then, ADMIN on the role is needed. */
function administered(
  server: ServerInfo,
  own: Account | undefined,
  made: ReadonlySet<string>,
  role: string,
): string[] {
  if (!own?.attributes?.createRole && server.version.major < FIRST_WITH_ADMIN) return ['CREATEROLE'];
  if (server.version.major < FIRST_WITH_ADMIN || made.has(role)) return [];
  const holds = own?.memberships.some((each) => each.role === role && each.admin) ?? false;
  return holds ? [] : [`ADMIN on ${role}`];
}

function guardedAttributes(
  server: ServerInfo,
  own: Account | undefined,
  attributes: readonly string[],
): string[] {
  const { replication, bypassRls, createDatabase } = own?.attributes ?? {};
  const passable = server.version.major >= FIRST_WITH_ADMIN;
  const holds = {
    SUPERUSER: false,
    REPLICATION: passable && replication,
    BYPASSRLS: passable && bypassRls,
    CREATEDB: !passable || createDatabase,
  };
  return GUARDED.filter((name) => attributes.includes(name) && !holds[name]);
}

/** Parameters of the changes that only superusers set for a role, in lower case. */
async function guardedParameters(
  query: Query,
  server: ServerInfo,
  changes: readonly AccountChange[],
): Promise<ReadonlySet<string>> {
  const names = changes.flatMap(({ needs }) =>
    needs.what === 'parameter' ? [needs.name.toLowerCase()] : [],
  );
  const rows = await query<{ name: string }>(
    `SELECT lower(name) AS name FROM pg_settings
      WHERE lower(name) = ANY ($1::text[]) AND context IN ('superuser', 'superuser-backend')
        ${server.version.major >= FIRST_WITH_PARAMETERS ? "AND NOT has_parameter_privilege(name, 'SET')" : ''}`,
    [names],
  );
  return new Set(rows.map(({ name }) => name));
}
