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

/** The first line: what a client program said after it may be long. */
export function errorForAudit({ kind, message }: VyaError): NonNullable<AuditEvent['error']> {
  return { kind, message: (message.split('\n')[0] as string).slice(0, longestMessage) };
}
