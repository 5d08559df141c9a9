import { accountLabel } from '../../model/account-label.ts';
import type { Account, AccountsSource } from '../../model/accounts.ts';
import { globMatcher } from '../backup/globs.ts';

/**
 * A test for accounts named by people: `app` (on every host), `app@%`, `'app'@'%'`, or a pattern (`app_*`). What an account is
 * really called goes before what a pattern would mean.
 */
export function accountMatcher(named: readonly string[]): (account: Account) => boolean {
  const patterns = named.map((text) => ({ text, matches: globMatcher(text) }));
  return (account) => {
    const names = [account.name, accountLabel(account), account.user];
    return patterns.some(({ text, matches }) => names.includes(text) || names.some(matches));
  };
}

/** The account that the server itself was set up with: `root`, or PostgreSQL's first role. */
export function isFirstAdministrator(account: Account, source: AccountsSource): boolean {
  return source.flavour === 'postgresql' ? account.name === source.bootstrap : account.user === 'root';
}

/** Why accounts were not captured whole: one sentence for each reason, with every account's name. */
export function describeProblems(accounts: readonly Account[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const account of accounts) {
    for (const reason of account.problems) {
      byReason.set(reason, [...(byReason.get(reason) ?? []), accountLabel(account)]);
    }
  }
  return [...byReason].map(([reason, names]) => `not captured whole: ${names.join(', ')}: ${reason}`);
}
