import type { Account } from './accounts.ts';

/** `app@%`: how an account is named to people, and by them. */
export function accountLabel({ user, host }: Pick<Account, 'user' | 'host'>): string {
  return host === undefined ? user : `${user}@${host}`;
}
