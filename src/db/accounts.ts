import type { AccountSet } from '../model/accounts.ts';

export type ChangeKind = 'create' | 'alter' | 'grant' | 'revoke';

/** One statement that brings an account nearer to what it should be. */
export interface AccountChange {
  /** The account's name. */
  account: string;
  kind: ChangeKind;
  /** Holds password hashes: never shown or logged. */
  sql: string;
  /** The same for people, without what must not be seen. */
  shown: string;
  /** The object that has to be there first, if it is one of a database. */
  waitsFor?: WaitsFor | undefined;
}

export interface WaitsFor {
  kind: 'database' | 'table' | 'procedure' | 'function' | 'package';
  database: string;
  name?: string | undefined;
}

/**
 * The statements that make the accounts of `wanted` what they are there, in the order in which they have to run: accounts,
 * roles, grants, default roles. Other accounts of `present` are left alone; without `present`, none exists yet.
 */
export type PlanAccounts = (wanted: AccountSet, present?: AccountSet) => AccountChange[];
