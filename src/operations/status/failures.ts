import type { AuditRecord } from '../../storage/audit-trail.ts';

export interface PastFailure {
  at: Date;
  kind: string;
  message: string;
}

/** The last failure of each database, of the accounts, and of each instance as a whole. */
export interface LastFailures {
  of(instance: string, database: string | null): PastFailure | undefined;
  ofInstance(instance: string): PastFailure | undefined;
}

/** @param trail oldest first */
export function lastFailures(trail: readonly AuditRecord[]): LastFailures {
  const failures = new Map<string, PastFailure>();
  for (const { at, databases = [] } of trail) {
    for (const { instance, database, error } of databases) {
      if (error) failures.set(keyOf(instance, database), { at: new Date(at), ...error });
    }
  }
  const ofInstance = (instance: string): PastFailure | undefined => failures.get(keyOf(instance, undefined));
  return {
    ofInstance,
    of(instance, database) {
      const own = failures.get(keyOf(instance, database));
      const whole = ofInstance(instance);
      return own && whole ? (own.at > whole.at ? own : whole) : (own ?? whole);
    },
  };
}

function keyOf(instance: string, database: string | null | undefined): string {
  return JSON.stringify([instance, database === undefined ? 'whole' : [database]]);
}
