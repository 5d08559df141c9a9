import type { AuditRecord } from '../../storage/audit-trail.ts';

/** What the last run of everything found on each instance, whether its backup came to a good end or not; null: accounts. */
export type LastFound = ReadonlyMap<string, ReadonlySet<string | null>>;

/** @param trail oldest first */
export function foundInLastRun(trail: readonly AuditRecord[]): LastFound {
  const found = new Map<string, Set<string | null>>();
  for (const { action, everything, databases = [] } of trail) {
    if (action !== 'backup' || !everything) continue;
    for (const instance of new Set(databases.map((each) => each.instance))) {
      const own = databases.filter((each) => each.instance === instance);
      // An instance that failed as a whole says nothing about its databases.
      if (own.some(({ database }) => database === undefined)) found.delete(instance);
      else
        found.set(
          instance,
          new Set(own.flatMap(({ database }) => (database === undefined ? [] : [database]))),
        );
    }
  }
  return found;
}

/**
 * Tells of a database whether the last run of everything on its instance passed it over: it was dropped there, or taken out of the
 * configuration. Its backups stay, and grow old without anything being wrong.
 */
export function isGone(found: LastFound, instance: string, database: string | null): boolean {
  const names = found.get(instance);
  // Accounts can be left out of one run.
  return database !== null && names !== undefined && !names.has(database);
}
