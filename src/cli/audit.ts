import { userInfo } from 'node:os';
import { asVyaError, systemCode } from '../errors.ts';
import type { OperationContext } from '../operations/context.ts';
import type { CliContext } from './context.ts';

/** Where and as whom acts are noted. */
export interface AuditPlace {
  basePath: string;
  hostname: string;
  version: string;
  /** Takes what could not be noted, in words. */
  complain(message: string): void;
}

/** Notes acts in the storage's audit trail, with who did them, where and when. */
export function createAudit(
  { env, now }: Pick<CliContext, 'env' | 'now'>,
  { basePath, hostname, version, complain }: AuditPlace,
): OperationContext['audit'] {
  return async (event) => {
    const sudoUser = env['SUDO_USER'];
    const who = { user: userName(), ...(sudoUser === undefined ? {} : { sudoUser }) };
    const record = {
      at: now().toISOString(),
      ...who,
      host: hostname,
      pid: process.pid,
      vya: version,
      ...event,
    };
    try {
      const { appendAudit } = await import('../storage/audit-trail.ts');
      await appendAudit(basePath, record);
    } catch (error) {
      // Storage that is not there yet has nothing to be noted in.
      if (systemCode((error as { cause?: unknown }).cause) === 'ENOENT') return;
      complain(`“${event.action}” is not noted in the audit trail: ${asVyaError(error).message}`);
    }
  };
}

/** A container may run as a number that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
