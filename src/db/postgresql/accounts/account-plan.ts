import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Account, AccountSet, RoleAttributes } from '../../../model/accounts.ts';
import type { AccountChange, AccountNeed, ChangeKind } from '../../accounts.ts';
import { membershipChanges } from './membership-plan.ts';
import { roleSettingStatement } from '../settings.ts';

/** As `PlanAccounts` says, for PostgreSQL: roles, memberships, then settings. */
export function planAccounts(wanted: AccountSet, present?: AccountSet): AccountChange[] {
  const known = new Map(present?.accounts.map((account) => [account.name, account]));
  const each = (step: (account: Account, present: Account | undefined) => AccountChange[]): AccountChange[] =>
    wanted.accounts.flatMap((account) => step(account, known.get(account.name)));
  return [...each(defineRole), ...membershipChanges(wanted, present), ...each(settingChanges)];
}

function change(
  account: Account,
  kind: ChangeKind,
  needs: AccountNeed,
  sql: string,
  shown = sql,
): AccountChange {
  return { account: account.name, kind, sql, shown, needs };
}

function defineRole(account: Account, present: Account | undefined): AccountChange[] {
  const { name, attributes, comment } = account;
  const id = escapeIdentifier(name);
  const changes: AccountChange[] = [];
  const clauses = attributes ? differing(attributes, present?.attributes) : [];
  const needs: AccountNeed = {
    what: 'accounts',
    attributes: clauses.map((clause) =>
      clause.replace(/^NO(?=SUPERUSER|REPLICATION|BYPASSRLS|CREATEDB)/, ''),
    ),
    ...(present ? { role: name, superuser: present.attributes?.superuser ?? false } : {}),
  };
  if (clauses.length > 0 || !present) {
    const kind = present ? 'alter' : 'create';
    const text = (words: readonly string[]): string =>
      `${kind.toUpperCase()} ROLE ${id} ${words.join(' ')}`.trimEnd();
    const hidden = clauses.map((clause) => (clause.startsWith("PASSWORD '") ? "PASSWORD '…'" : clause));
    changes.push(change(account, kind, needs, text(clauses), text(hidden)));
  }
  if (comment !== present?.comment) {
    const text = comment === undefined ? 'NULL' : escapeLiteral(comment);
    changes.push(change(account, commentKind(present), needs, `COMMENT ON ROLE ${id} IS ${text}`));
  }
  return changes;
}

function commentKind(present: Account | undefined): ChangeKind {
  if (!present) return 'create';
  return present.comment === undefined ? 'add' : 'alter';
}

const WORDS = {
  superuser: 'SUPERUSER',
  inherit: 'INHERIT',
  createRole: 'CREATEROLE',
  createDatabase: 'CREATEDB',
  login: 'LOGIN',
  replication: 'REPLICATION',
  bypassRls: 'BYPASSRLS',
} as const;

/** The clauses of CREATE or ALTER ROLE for what differs; all of them where there is no role yet, but none that is the default. */
function differing(wanted: RoleAttributes, present: RoleAttributes | undefined): string[] {
  const had = present ?? DEFAULTS;
  const words = (Object.keys(WORDS) as (keyof typeof WORDS)[]).flatMap((key) =>
    wanted[key] === had[key] ? [] : [`${wanted[key] ? '' : 'NO'}${WORDS[key]}`],
  );
  if (wanted.connectionLimit !== had.connectionLimit)
    words.push(`CONNECTION LIMIT ${wanted.connectionLimit}`);
  const [until, before] = [wanted.validUntil ?? 'infinity', had.validUntil ?? 'infinity'];
  if (until !== before || (!present && wanted.validUntil)) words.push(`VALID UNTIL ${escapeLiteral(until)}`);
  const { password } = wanted;
  // Not known on either side: left as it is.
  if (password !== undefined && had.password !== undefined && password !== had.password) {
    words.push(`PASSWORD ${password === null ? 'NULL' : quotedPlainly(password)}`);
  }
  return words;
}

/** Verifiers hold no backslashes, for which pg would write E'…'. */
function quotedPlainly(text: string): string {
  return escapeLiteral(text).trimStart();
}

/** What CREATE ROLE makes without any clause. */
const DEFAULTS: RoleAttributes = {
  superuser: false,
  inherit: true,
  createRole: false,
  createDatabase: false,
  login: false,
  replication: false,
  bypassRls: false,
  connectionLimit: -1,
  password: null,
};

function settingChanges(account: Account, present: Account | undefined): AccountChange[] {
  const key = ({ database, name }: Account['settings'][number]): string => JSON.stringify([database, name]);
  const had = new Map(present?.settings.map((each) => [key(each), each]));
  const wanted = new Set(account.settings.map(key));
  const make = (setting: Account['settings'][number], value: string | undefined): AccountChange => ({
    ...change(
      account,
      value !== undefined && !had.has(key(setting)) ? 'add' : 'alter',
      { what: 'parameter', name: setting.name, role: account.name },
      roleSettingStatement(account.name, { ...setting, value }),
    ),
    ...(setting.database === undefined
      ? {}
      : { waitsFor: { kind: 'database', database: setting.database } as const }),
  });
  return [
    ...account.settings.flatMap((each) =>
      had.get(key(each))?.value === each.value ? [] : [make(each, each.value)],
    ),
    ...[...had.values()].flatMap((each) => (wanted.has(key(each)) ? [] : [make(each, undefined)])),
  ];
}
