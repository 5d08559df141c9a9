import { type ErrorKind, VyaError } from '../../src/errors.ts';

/** Whether something is an error for people, of this kind, that says what to do next. */
export function isVyaError(value: unknown, kind: ErrorKind): boolean {
  return value instanceof VyaError && value.kind === kind && value.message !== '' && Boolean(value.hint);
}
