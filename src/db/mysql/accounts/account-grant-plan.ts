import type { Account, AccountGrant } from '../../../model/accounts.ts';
import type { AccountChange, ChangeKind, WaitsFor } from '../../accounts.ts';
import { joinPrivileges } from './account-grants.ts';

/** The statements that make an account's grants on objects what they are in `account`, where it holds `present`. */
export function grantChanges(account: Account, present: readonly AccountGrant[]): AccountChange[] {
  const wanted = grouped(account.grants);
  const had = grouped(present);
  // What is taken out of a global grant again comes after it.
  const keys = [...new Set([...wanted.keys(), ...had.keys()])].toSorted(
    (a, b) => Number(isRevoked(a)) - Number(isRevoked(b)),
  );
  const changes = keys.flatMap((key) => groupChanges(account.name, wanted.get(key), had.get(key)));
  // One privilege with the option and without it are two groups: taking it from one would take it from both.
  return [...changes.filter(takesWithOption), ...changes.filter((change) => !takesWithOption(change))];
}

function takesWithOption({ kind, needs }: AccountChange): boolean {
  return kind === 'revoke' && needs.what === 'grant' && needs.privileges.some(hasOwnOption);
}

interface Group extends AccountGrant {
  /** MySQL keeps the grant option of dynamic privileges and proxies for each of them, that of others for an object. */
  optionOfEach: boolean;
}

const REVOKED = 'revoked ';

function isRevoked(key: string): boolean {
  return key.startsWith(REVOKED);
}

/** The grants of one object together. */
function grouped(grants: readonly AccountGrant[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const grant of grants) {
    const optionOfEach = grant.privileges.some(hasOwnOption);
    const option = optionOfEach ? ` each ${grant.grantable}` : '';
    const key = `${grant.revoked ? REVOKED : ''}${grant.on}${option}`;
    const before = groups.get(key);
    groups.set(key, {
      ...grant,
      optionOfEach,
      privileges: [...new Set([...(before?.privileges ?? []), ...grant.privileges])],
      grantable: grant.grantable || (before?.grantable ?? false),
    });
  }
  return groups;
}

function hasOwnOption(privilege: string): boolean {
  return privilege === 'PROXY' || isDynamic(privilege);
}

/** MySQL's dynamic privileges have underscores in their names, and no others have. */
export function isDynamic(privilege: string): boolean {
  return /^[A-Z]+(?:_[A-Z]+)+$/.test(privilege);
}

function groupChanges(account: string, wanted: Group | undefined, had: Group | undefined): AccountChange[] {
  const group = wanted ?? had;
  if (!group) return [];
  const missing = wanted?.privileges.filter((each) => !had?.privileges.includes(each)) ?? [];
  const surplus = had?.privileges.filter((each) => !wanted?.privileges.includes(each)) ?? [];
  const { on, revoked, optionOfEach } = group;
  const make = (kind: ChangeKind, privileges: readonly string[], sql: string): AccountChange => ({
    account,
    kind,
    sql,
    shown: sql,
    needs: { what: 'grant', on, privileges },
    // What is taken away need not be there any more.
    waitsFor: kind === 'grant' ? objectOf(on) : undefined,
  });
  const grant = (privileges: readonly string[], option: boolean): AccountChange => {
    const list = joinPrivileges(privileges) || 'USAGE';
    const withOption = option ? ' WITH GRANT OPTION' : '';
    return make('grant', privileges, `GRANT ${list} ON ${on} TO ${account}${withOption}`);
  };
  const revoke = (privileges: readonly string[]): AccountChange[] =>
    privileges.length === 0
      ? []
      : [make('revoke', privileges, `REVOKE ${joinPrivileges(privileges)} ON ${on} FROM ${account}`)];
  if (revoked) return [...revoke(missing), ...(surplus.length > 0 ? [grant(surplus, false)] : [])];

  const needsOption = wanted?.grantable === true && !had?.grantable;
  const given = missing.length > 0 || needsOption ? [grant(missing, wanted?.grantable ?? false)] : [];
  const taken = revoke(surplus);
  const dropsOption = had?.grantable === true && !wanted?.grantable && !optionOfEach;
  if (dropsOption) taken.push(make('revoke', [], `REVOKE GRANT OPTION ON ${on} FROM ${account}`));
  // ALL PRIVILEGES covers the others: what is revoked after it is given would be missing.
  const takesFirst = optionOfEach || [...missing, ...surplus].includes('ALL PRIVILEGES');
  return takesFirst ? [...taken, ...given] : [...given, ...taken];
}

const KINDS: Record<string, WaitsFor['kind']> = {
  PROCEDURE: 'procedure',
  FUNCTION: 'function',
  PACKAGE: 'package',
  'PACKAGE BODY': 'package',
};

/** The table or routine that a grant is about; a database need not exist. */
export function objectOf(on: string): WaitsFor | undefined {
  const match = /^(?:([A-Z ]+) )?`((?:[^`]|``)*)`\.`((?:[^`]|``)*)`$/s.exec(on);
  if (!match) return undefined;
  const [, kind = '', database = '', name = ''] = match;
  const plain = (text: string): string => text.replaceAll('``', '`');
  return { kind: KINDS[kind] ?? 'table', database: plain(database), name: plain(name) };
}
