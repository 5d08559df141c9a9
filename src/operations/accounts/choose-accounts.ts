import type { AccountChange } from '../../db/accounts.ts';
import type { Engine } from '../../db/adapter.ts';
import { VyaError } from '../../errors.ts';
import { accountLabel } from '../../model/account-label.ts';
import type { Account, AccountSet } from '../../model/accounts.ts';
import { accountMatcher, isFirstAdministrator } from './account-names.ts';
import { summarize } from '../restore/compare.ts';

export interface AccountsWish {
  /** Names and patterns; empty: all. */
  users: readonly string[];
  /** Instead of names: a choice that names nobody, so that protected accounts stay protected. */
  only?: ((account: Account) => boolean) | undefined;
  /** Leave accounts alone that exist already. */
  skipExisting: boolean;
}

export interface ChosenAccounts {
  /** What is made equal to the backup. */
  wanted: Account[];
  /** What is left alone, and why. */
  kept: { account: Account; reason: string }[];
  /** Roles that came along, because the target lacks them and chosen accounts are in them. */
  added: Account[];
}

/**
 * The accounts of a backup that a restore touches. Administrators and the account that vya logs in with are left alone where
 * something would change, unless they are named, and not by a pattern.
 *
 * @throws VyaError `not-found` for names that the backup does not hold
 */
export function chooseAccounts(
  engine: Engine,
  backup: AccountSet,
  present: AccountSet,
  wish: AccountsWish,
): ChosenAccounts {
  const known = new Map(present.accounts.map((account) => [account.name, account]));
  const result: ChosenAccounts = { wanted: [], kept: [], added: [] };
  const named = wish.only ? backup.accounts.filter(wish.only) : namedAccounts(backup, wish.users);
  for (const account of named) {
    const there = known.get(account.name);
    const reason = reasonToKeep(account, there, backup, wish);
    const changes = (): AccountChange[] => engine.planAccounts({ ...backup, accounts: [account] }, present);
    if (reason === undefined || (there && account.captured && changes().length === 0))
      result.wanted.push(account);
    else result.kept.push({ account, reason });
  }
  addRoles(backup, known, result);
  return result;
}

function namedAccounts({ accounts }: AccountSet, users: readonly string[]): Account[] {
  if (users.length === 0) return accounts;
  const unknown = users.filter((user) => !accounts.some(accountMatcher([user])));
  if (unknown.length > 0) {
    throw new VyaError('not-found', `The backup holds no account ${unknown.join(', ')}`, {
      hint: `It holds: ${summarize(accounts.map(accountLabel))}`,
    });
  }
  return accounts.filter(accountMatcher(users));
}

function reasonToKeep(
  account: Account,
  there: Account | undefined,
  { source }: AccountSet,
  { users, skipExisting }: AccountsWish,
): string | undefined {
  if (!account.captured) return 'it was not captured whole';
  if (there && skipExisting) return 'it exists already';
  if ([account.name, accountLabel(account), account.user].some((name) => users.includes(name)))
    return undefined;
  if (isFirstAdministrator(account, source))
    return 'the first administrator is restored only when it is named';
  if (there?.own) return 'vya itself logs in with it: it is altered only when it is named';
  if (there?.administrator)
    return 'it is an administrator on the target: it is altered only when it is named';
  return undefined;
}

/** Who is in a role that the target lacks needs that role, and the roles that it is in. */
function addRoles(
  backup: AccountSet,
  known: ReadonlyMap<string, Account>,
  { wanted, added }: ChosenAccounts,
): void {
  const chosen = new Set(wanted.map(({ name }) => name));
  // The list grows while it is walked through.
  for (const { memberships } of wanted) {
    for (const { role } of memberships) {
      const found = backup.accounts.find(({ name }) => name === role);
      if (!found?.captured || chosen.has(role) || known.has(role)) continue;
      chosen.add(role);
      wanted.push(found);
      added.push(found);
    }
  }
}
