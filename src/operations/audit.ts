import { asVyaError, type VyaError } from '../errors.ts';
import type { AuditRecord } from '../storage/audit-trail.ts';
import type { OperationContext } from './context.ts';

/** What is said of an act; who, where and when is added by whoever writes it down. */
export type AuditEvent = Omit<AuditRecord, 'at' | 'user' | 'sudoUser' | 'host' | 'pid' | 'vya'>;

/** Characters of an error's message that are kept. */
const longestMessage = 500;

/**
 * Does something and notes it in the audit trail, with its outcome. What is thrown is noted and thrown on.
 *
 * @param describe what the result adds, and how it ended where that was not well
 */
export async function audited<T>(
  context: OperationContext,
  event: Omit<AuditEvent, 'result' | 'error' | 'durationMs'>,
  work: () => Promise<T>,
  describe: (result: T) => Partial<AuditEvent>,
): Promise<T> {
  const started = performance.now();
  const durationMs = (): number => Math.round(performance.now() - started);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    const failure = errorForAudit(asVyaError(context.signal.aborted ? context.signal.reason : error));
    await context.audit({ ...event, result: 'failed', error: failure, durationMs: durationMs() });
    throw error;
  }
  await context.audit({ ...event, result: 'ok', durationMs: durationMs(), ...describe(result) });
  return result;
}

/** The first line, without values of rows: what a client program said after it may be long. */
export function errorForAudit({ kind, message }: VyaError): NonNullable<AuditEvent['error']> {
  const [first = ''] = message.split('\n');
  return { kind, message: first.replaceAll(rowValue, "$1 '…'").slice(0, longestMessage) };
}

/** How servers quote what a row holds: `Duplicate entry 'x' for key`, `Incorrect integer value: 'x'`. */
const rowValue = /\b(entry|value:?|string) '(?:[^']|'(?! for | at ))*'/gi;
