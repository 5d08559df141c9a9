import type { ErrorKind } from '../errors.ts';

export const exitCodes = {
  success: 0,
  /** Some failed, others succeeded. */
  partial: 1,
  /** Everything that was asked for failed. */
  failed: 2,
  usage: 3,
  credentials: 4,
  storage: 5,
  connection: 6,
  notFound: 7,
  verification: 8,
  privileges: 9,
  unexpected: 10,
  locked: 11,
} as const;

/** The one table from what went wrong to what the shell sees. A signal's own code (128 + its number) is set in main.ts. */
const byKind: Record<ErrorKind, number> = {
  usage: exitCodes.usage,
  configuration: exitCodes.usage,
  refused: exitCodes.usage,
  credentials: exitCodes.credentials,
  storage: exitCodes.storage,
  connection: exitCodes.connection,
  'not-found': exitCodes.notFound,
  verification: exitCodes.verification,
  privileges: exitCodes.privileges,
  locked: exitCodes.locked,
  failed: exitCodes.failed,
  interrupted: 130,
  unexpected: exitCodes.unexpected,
};

export function exitCodeOf(kind: ErrorKind): number {
  return byKind[kind];
}

/**
 * The exit code of work on several things: failures beside any success are 1, failures of one kind alone are that
 * kind's code, failures of mixed kinds are 2.
 */
export function exitCodeOfMany(outcomes: readonly (ErrorKind | 'ok')[]): number {
  const failures = outcomes.filter((outcome) => outcome !== 'ok');
  if (failures.length === 0) return exitCodes.success;
  if (failures.includes('interrupted')) return exitCodeOf('interrupted');
  if (failures.length < outcomes.length) return exitCodes.partial;
  const codes = new Set(failures.map(exitCodeOf));
  return codes.size === 1 ? ([...codes][0] as number) : exitCodes.failed;
}
