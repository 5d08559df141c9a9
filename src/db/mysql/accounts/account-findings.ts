import type { Knex } from 'knex';
import type { AccountSet } from '../../../model/accounts.ts';
import type { AccountChange, AccountNeed, WaitsFor } from '../../accounts.ts';
import type { ServerInfo } from '../../adapter.ts';
import type { Finding } from '../../finding.ts';
import { isDynamic, objectOf } from './account-grant-plan.ts';
import { type Grants, readGrants } from '../grants.ts';
import { attempt, rows } from '../query.ts';

/** What ALL PRIVILEGES stands for on a database, on a table and on a routine: a holder of all of these may pass it on. */
const ON_TABLE =
  'SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE VIEW, SHOW VIEW, TRIGGER';
const ON_DATABASE = `${ON_TABLE}, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE ROUTINE, ALTER ROUTINE, EVENT`;

/** The privileges that the session's account lacks for these changes. */
export async function accountFindings(
  knex: Knex,
  server: ServerInfo,
  changes: readonly AccountChange[],
  present: AccountSet,
): Promise<Finding[]> {
  const grants = await readGrants(knex);
  const own = present.accounts.find((account) => account.own);
  const made = new Set(changes.flatMap(({ kind, account }) => (kind === 'create' ? [account] : [])));
  const mayPassOn = (role: string): boolean =>
    server.flavour === 'mysql' && (grants.globally('ROLE_ADMIN') || grants.globally('SUPER'))
      ? true
      : (own?.memberships.some((each) => each.role === role && each.admin) ?? false) ||
        // Who makes a role on MariaDB administers it.
        (server.flavour === 'mariadb' && made.has(role));
  const mayProxy = (on: string): boolean =>
    own?.grants.some(
      (grant) =>
        grant.grantable && grant.privileges.includes('PROXY') && [on, '``@``', '``@`%`'].includes(grant.on),
    ) ?? false;
  const missing = new Map<string, string>();
  const need = (holds: boolean, privilege: string, statement: string): void => {
    if (!holds) missing.set(privilege, statement);
  };
  const protectedAccounts = new Set(
    present.accounts
      .filter((account) => account.grants.some(({ privileges }) => privileges.includes('SYSTEM_USER')))
      .map(({ name }) => name),
  );
  for (const { account, needs } of changes) {
    if (protectedAccounts.has(account)) {
      need(grants.globally('SYSTEM_USER'), 'SYSTEM_USER', 'GRANT SYSTEM_USER ON *.*');
    }
    if (needs.what === 'accounts') {
      need(grants.globally('CREATE USER'), 'CREATE USER', 'GRANT CREATE USER ON *.*');
    } else if (needs.what === 'role') {
      need(mayPassOn(needs.role), `${needs.role} WITH ADMIN OPTION`, `GRANT ${needs.role}`);
    } else if (needs.what === 'grant') {
      for (const privilege of lackedOn(needs, grants, mayProxy)) {
        need(false, `${privilege} ON ${needs.on} WITH GRANT OPTION`, `GRANT ${privilege} ON ${needs.on}`);
      }
    }
  }
  if (missing.size === 0) return [];
  const statements = [...missing].map(([privilege, statement]) => {
    const option = privilege.endsWith(' OPTION') ? ` WITH ${privilege.split(' WITH ')[1] ?? ''}` : '';
    return `${statement} TO ${server.account}${option};`;
  });
  return [
    {
      severity: 'error',
      kind: 'privileges',
      message: `${server.account} lacks ${[...missing.keys()].join(', ')}`,
      hint: `Let an administrator run: ${statements.join(' ')} Or restore with another account.`,
    },
  ];
}

/** Those of the privileges that the account cannot pass on. */
function lackedOn(
  { on, privileges }: Extract<AccountNeed, { what: 'grant' }>,
  grants: Grants,
  mayProxy: (on: string) => boolean,
): string[] {
  if (privileges.includes('PROXY')) return mayProxy(on) ? [] : ['PROXY'];
  const holds = holderOn(on, grants);
  const named = privileges.flatMap((privilege) => partsOf(privilege.replace(/ \(.*$/s, ''), on));
  const lacked = [...new Set(named)].filter((privilege) => !holds(privilege));
  if (holds('GRANT OPTION')) return lacked;
  return lacked.length > 0 ? lacked : ['USAGE'];
}

function holderOn(on: string, grants: Grants): (privilege: string) => boolean {
  const object = objectOf(on);
  const database = /^`((?:[^`]|``)*)`\.\*$/s.exec(on)?.[1]?.replaceAll('``', '`');
  return (privilege) => {
    if (isDynamic(privilege) || (object === undefined && database === undefined))
      return grants.globally(privilege);
    if (object?.kind === 'table') return grants.onTable(object.database, object.name ?? '', privilege);
    return grants.on(object?.database ?? database ?? '', privilege);
  };
}

function partsOf(privilege: string, on: string): string[] {
  if (privilege !== 'ALL PRIVILEGES') return [privilege];
  if (on === '*.*') return [privilege];
  return (objectOf(on)?.kind === 'table' ? ON_TABLE : ON_DATABASE).split(', ');
}

/** Whether the table or routine of a grant is there. */
export async function objectExists(knex: Knex, { kind, database, name = '' }: WaitsFor): Promise<boolean> {
  const question =
    kind === 'table'
      ? 'SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?'
      : `SELECT 1 FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ? AND ROUTINE_NAME = ?
          AND ROUTINE_TYPE LIKE ?`;
  const values = kind === 'table' ? [database, name] : [database, name, `${kind.toUpperCase()}%`];
  const found = await attempt(() => rows(knex, question, values));
  return (found?.length ?? 0) > 0;
}
