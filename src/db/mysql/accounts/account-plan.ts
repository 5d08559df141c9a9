import type { Account, AccountSet, Membership } from '../../../model/accounts.ts';
import type { Flavour } from '../../../model/instance.ts';
import type { AccountChange, ChangeKind } from '../../accounts.ts';
import { type Definition, differingClauses, joinClauses, withoutSecrets } from './account-definition.ts';
import { grantChanges } from './account-grant-plan.ts';

/** As `PlanAccounts` says, for MySQL and MariaDB: no default role before it is granted, no grant before its account (F40). */
export function planAccounts(wanted: AccountSet, present?: AccountSet): AccountChange[] {
  const { flavour } = wanted.source;
  const known = new Map(present?.accounts.map((account) => [account.name, account]));
  const steps = [defineAccount, roleChanges, grantsOf, defaultRoleChanges];
  return steps.flatMap((step) =>
    wanted.accounts.flatMap((account) => step(account, known.get(account.name), flavour)),
  );
}

type Step = (account: Account, present: Account | undefined, flavour: Flavour) => AccountChange[];

const grantsOf: Step = (account, present) => grantChanges(account, present?.grants ?? []);

function change(account: Account, kind: ChangeKind, sql: string, shown = sql): AccountChange {
  return { account: account.name, kind, sql, shown, needs: { what: 'accounts' } };
}

function roleChange(account: Account, kind: ChangeKind, role: string, sql: string): AccountChange {
  return { ...change(account, kind, sql), needs: { what: 'role', role } };
}

/** CREATE USER without default roles, or ALTER USER with what differs. */
function defineAccount(account: Account, present: Account | undefined, flavour: Flavour): AccountChange[] {
  const { name, kind, secondPassword } = account;
  if (kind === 'everybody' || (kind === 'role' && flavour === 'mariadb')) {
    return present || kind === 'everybody' ? [] : [change(account, 'create', `CREATE ROLE ${name}`)];
  }
  const definition: Definition = account.definition ?? {};
  if (secondPassword !== undefined && secondPassword !== present?.secondPassword) {
    return withSecondPassword(account, secondPassword, present);
  }
  const changes: AccountChange[] = [];
  if (present) {
    const differing = differingClauses(definition, present.definition ?? {});
    if (Object.keys(differing).length > 0) changes.push(userStatement(account, 'alter', differing));
    if (present.secondPassword !== undefined && secondPassword === undefined) {
      changes.push(change(account, 'alter', `ALTER USER ${name} DISCARD OLD PASSWORD`));
    }
  } else changes.push(userStatement(account, 'create', definition));
  const { lifetime } = definition;
  if (lifetime !== undefined && (lifetime !== present?.definition?.['lifetime'] || changes.length > 0)) {
    const kind = present && present.definition?.['lifetime'] === undefined ? 'add' : 'alter';
    changes.push(change(account, kind, `ALTER USER ${name} ${lifetime}`));
  }
  return changes;
}

/** The server prints a hash in hexadecimal digits only where it has to. */
const HASH = /\bAS (?:0x[0-9A-F]+|'(?:[^'\\]|\\.|'')*')/is;

/** The account gets the second password first, and keeps it when the other one is set. */
function withSecondPassword(account: Account, hash: string, present: Account | undefined): AccountChange[] {
  const definition: Definition = account.definition ?? {};
  const { identified = '' } = definition;
  const second = { ...definition, identified: identified.replace(HASH, `AS 0x${hash}`) };
  const first = { ...definition, identified: `${identified} RETAIN CURRENT PASSWORD` };
  // A restore that was cut off between the two has left it with the one that is to be the second.
  if (present && present.secondPassword === undefined && hexOf(present.definition?.identified) === hash) {
    return [userStatement(account, 'add', first)];
  }
  return [
    userStatement(account, present ? 'alter' : 'create', second),
    userStatement(account, 'alter', first),
  ];
}

/** The hash in an IDENTIFIED clause in hexadecimal digits. Those that the server prints as text hold nothing that is escaped. */
function hexOf(identified = ''): string | undefined {
  const [, digits, text] = /\bAS (?:0x([0-9A-F]+)|'([^'\\]*)')/i.exec(identified) ?? [];
  return (
    digits?.toUpperCase() ??
    (text === undefined ? undefined : Buffer.from(text).toString('hex').toUpperCase())
  );
}

function userStatement(
  account: Account,
  kind: 'create' | 'alter' | 'add',
  definition: Definition,
): AccountChange {
  const text = (clauses: Definition): string =>
    `${kind === 'create' ? 'CREATE' : 'ALTER'} USER ${account.name} ${joinClauses(clauses)}`.trimEnd();
  return change(account, kind, text(definition), text(withoutSecrets(definition)));
}

function roleChanges(account: Account, present: Account | undefined, flavour: Flavour): AccountChange[] {
  const had = new Map(present?.memberships.map((each) => [each.role, each]));
  const wanted = new Set(account.memberships.map(({ role }) => role));
  const revoked = [...had.values()].flatMap(({ role }) =>
    wanted.has(role) ? [] : [roleChange(account, 'revoke', role, `REVOKE ${role} FROM ${account.name}`)],
  );
  return [
    ...account.memberships.flatMap((each) => membershipChanges(account, each, had.get(each.role), flavour)),
    ...revoked,
  ];
}

function membershipChanges(
  account: Account,
  { role, admin }: Membership,
  had: Membership | undefined,
  flavour: Flavour,
): AccountChange[] {
  if (had?.admin === admin) return [];
  const option = admin ? ' WITH ADMIN OPTION' : '';
  const grant = roleChange(account, 'grant', role, `GRANT ${role} TO ${account.name}${option}`);
  if (!had?.admin) return [grant];
  if (flavour === 'mariadb') {
    return [roleChange(account, 'revoke', role, `REVOKE ADMIN OPTION FOR ${role} FROM ${account.name}`)];
  }
  return [roleChange(account, 'revoke', role, `REVOKE ${role} FROM ${account.name}`), grant];
}

function defaultRoleChanges(
  account: Account,
  present: Account | undefined,
  flavour: Flavour,
): AccountChange[] {
  const { name, defaultRoles } = account;
  const had = present?.defaultRoles ?? [];
  // MySQL forgets that a role is a default one when it is revoked, be it for a moment.
  const lost = present?.memberships.some(
    ({ role, admin }) => admin && account.memberships.some((each) => each.role === role && !each.admin),
  );
  if (defaultRoles.join() === had.join() && !(lost && defaultRoles.length > 0)) return [];
  const roles = defaultRoles.length > 0 ? defaultRoles.join(', ') : 'NONE';
  return [
    change(
      account,
      had.length > 0 ? 'alter' : 'add',
      `SET DEFAULT ROLE ${roles} ${flavour === 'mariadb' ? 'FOR' : 'TO'} ${name}`,
    ),
  ];
}
