/**
 * What went wrong, as the operator sees it. `cli/exit-codes.ts` turns each kind into an exit code.
 *
 * - `usage`: flags or arguments that make no sense
 * - `configuration`: the configuration file or the environment
 * - `refused`: a dangerous step that nobody confirmed
 * - `credentials`: missing, or not decryptable here
 * - `storage`: the storage tree is missing, read-only or full
 * - `connection`: the server is not reachable or refused the login
 * - `not-found`: no such backup, database or file
 * - `verification`: an archive is not what its manifest says
 * - `privileges`: the account may not do what is needed
 * - `locked`: another run holds the lock
 * - `failed`: a dump, a load or a client program failed, or the target lacks something
 * - `interrupted`: a signal ended the work
 * - `unexpected`: a bug in vya
 */
export type ErrorKind =
  | 'usage'
  | 'configuration'
  | 'refused'
  | 'credentials'
  | 'storage'
  | 'connection'
  | 'not-found'
  | 'verification'
  | 'privileges'
  | 'locked'
  | 'failed'
  | 'interrupted'
  | 'unexpected';

export interface ErrorDetails {
  /** What to do next, in one sentence. */
  hint?: string | undefined;
  cause?: unknown;
}

/** The only error class that is meant for people: a kind, a message and the next thing to do. */
export class VyaError extends Error {
  readonly kind: ErrorKind;
  readonly hint: string | undefined;

  constructor(kind: ErrorKind, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'VyaError';
    this.kind = kind;
    this.hint = details.hint;
  }
}

/** The error as it is when it is vya's own, otherwise wrapped as `unexpected`. */
export function asVyaError(error: unknown): VyaError {
  if (error instanceof VyaError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new VyaError('unexpected', message, {
    cause: error,
    hint: 'This is a bug in vya. Run again with --verbose and report what it prints.',
  });
}

/** The system's code of an error (`ENOENT`, `ENOSPC`, …), if it has one. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
