import type { Account } from '../../model/accounts.ts';
import type { Inventory } from '../../model/inventory.ts';
import type { BackupEntry } from '../../storage/backup-entry.ts';
import type { Manifest } from '../../storage/manifest.ts';

/**
 * A test for the accounts without which a restored database is not what it was: PostgreSQL's owners and those that something is
 * granted to; MySQL's and MariaDB's definers, and accounts with privileges in the database.
 */
export function neededBy(inventory: Inventory, database: string): (account: Account) => boolean {
  const named = new Set([...inventory.needs.roles, ...inventory.needs.definers]);
  const inside = `\`${database.replaceAll('`', '``')}\`.`;
  // In a grant on a whole database, `_` is escaped where it is no wildcard.
  const escaped = inside.replaceAll('_', '\\_').replaceAll('%', '\\%');
  const concerns = (on: string): boolean => {
    const place = on.slice(Math.max(0, on.indexOf('`')));
    return place.startsWith(inside) || place.startsWith(escaped);
  };
  return ({ name, grants }) => named.has(name) || grants.some(({ on }) => concerns(on));
}

/** The inventory as it is to be compared with a target that has these accounts already. */
export function withoutNeedOf(inventory: Inventory, accounts: readonly string[]): Inventory {
  const left = (names: readonly string[]): string[] => names.filter((name) => !accounts.includes(name));
  const { needs, database } = inventory;
  // PostgreSQL refuses a setting for a role that is not there yet.
  const settings = database.settings?.filter(({ role }) => role === undefined || !accounts.includes(role));
  const { roles, definers, roleUses } = needs;
  return {
    ...inventory,
    database: { ...database, ...(settings ? { settings } : {}) },
    needs: {
      ...needs,
      roles: left(roles),
      definers: left(definers),
      ...(roleUses ? { roleUses: { owners: left(roleUses.owners), grants: left(roleUses.grants) } } : {}),
    },
  };
}

/**
 * The accounts backup that goes with one of a database: of the same run, else the newest one begun before it, else the oldest.
 *
 * @param backups of the instance's accounts, newest first
 */
export function accountsBeside(
  { run, startedAt }: Manifest,
  backups: readonly BackupEntry[],
): BackupEntry | undefined {
  const complete = backups.filter((entry) => entry.complete);
  return (
    complete.find(({ summary }) => summary?.run === run) ??
    complete.find(({ takenAt }) => takenAt <= new Date(startedAt)) ??
    complete.at(-1)
  );
}
