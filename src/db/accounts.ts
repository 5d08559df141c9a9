import type { AccountSet } from '../model/accounts.ts';
import type { Finding } from './finding.ts';

/** `add`: gives an account something of which it has none (default roles, a setting, a comment), and takes nothing away. */
export type ChangeKind = 'create' | 'alter' | 'add' | 'grant' | 'revoke';

/** One statement that brings an account nearer to what it should be. */
export interface AccountChange {
  /** The account's name. */
  account: string;
  kind: ChangeKind;
  /** Holds password hashes: never shown or logged. */
  sql: string;
  /** The same for people, without what must not be seen. */
  shown: string;
  /** What the session's account must be allowed to do. */
  needs: AccountNeed;
  /** The object that has to be there first, if it is one of a database. */
  waitsFor?: WaitsFor | undefined;
}

export type AccountNeed =
  /** Make and alter accounts. PostgreSQL: with these attributes; `role` exists already, and is or was a superuser. */
  | { what: 'accounts'; attributes?: readonly string[]; role?: string; superuser?: boolean }
  /** MySQL and MariaDB: hold privileges on an object, and pass them on. */
  | { what: 'grant'; on: string; privileges: readonly string[] }
  /** Pass a role on. PostgreSQL: in the name of `grantor`. */
  | { what: 'role'; role: string; grantor?: string | undefined }
  /** PostgreSQL: set a parameter for a role. */
  | { what: 'parameter'; name: string; role: string };

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

/** What an adapter does with accounts. */
export interface AccountsAdapter {
  /** Users, roles and grants, less the server's own accounts. Throws VyaError `privileges` or `failed`. */
  accounts(): Promise<AccountSet>;
  /** The privileges that the session's account lacks for these changes, each named. */
  accountFindings(changes: readonly AccountChange[], present: AccountSet): Promise<Finding[]>;
  accountObjectExists(object: WaitsFor): Promise<boolean>;
  /** Runs one statement. Throws VyaError `privileges` or `failed` with what the server said, without hashes. */
  changeAccount(change: AccountChange): Promise<void>;
}
