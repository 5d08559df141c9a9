import { createHash } from 'node:crypto';
import { VyaError } from '../errors.ts';
import { accountsDirectory, componentsOf, type Place } from './layout.ts';

/**
 * What a lock covers. `instance`: a backup of it, or of its accounts. `database`: retention on one database or on the
 * accounts. `backup`: reading one backup (shared) or removing it (exclusive).
 */
export type LockScope =
  | { kind: 'instance'; instance: string }
  | { kind: 'database'; place: Place }
  | { kind: 'backup'; id: string; /** The backup's directory. */ path: string };

/** Equal for two scopes if and only if they cover the same. */
export function scopeKey(scope: LockScope): string {
  if (scope.kind === 'instance') return `instance ${scope.instance}`;
  if (scope.kind === 'database') return `database ${componentsOf(scope.place).join('/')}`;
  return `backup ${scope.path}`;
}

export function scopeHash(scope: LockScope): string {
  return createHash('sha256').update(scopeKey(scope)).digest('hex').slice(0, 40);
}

/** As a message names it: `the instance prod`, `shop of prod`, `the backup prod/shop/20260109T020000Z`. */
export function describeScope(scope: LockScope): string {
  if (scope.kind === 'instance') return `the instance ${scope.instance}`;
  if (scope.kind === 'backup') return `the backup ${scope.id}`;
  const [instance, database] = componentsOf(scope.place);
  return database === accountsDirectory ? `the accounts of ${instance}` : `${database} of ${instance}`;
}

/** A bug, not the operator's mistake: something is done without the lock that covers it. Throws VyaError `unexpected`. */
export function assertCovers(
  lock: { scope: LockScope; mode: 'exclusive' | 'shared' },
  wanted: LockScope,
): void {
  if (lock.mode === 'exclusive' && scopeKey(lock.scope) === scopeKey(wanted)) return;
  throw new VyaError('unexpected', `The lock on ${describeScope(wanted)} is not held`);
}
