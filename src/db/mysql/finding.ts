import type { ServerInfo } from '../adapter.ts';
import type { Finding } from '../finding.ts';

/** An error that no grant would mend. */
export function failed(message: string, hint: string): Finding {
  return { severity: 'error', kind: 'failed', message, hint };
}

/** An error that `statement` would mend. */
export function denied(message: string, statement: string): Finding {
  return { severity: 'error', kind: 'privileges', message, hint: `Let an administrator run: ${statement}` };
}

/** Something to know about, and what to do. */
export function warning(message: string, hint: string): Finding {
  return { severity: 'warning', kind: 'failed', message, hint };
}

/** Whether the server is of this release line or a newer one. */
export function atLeast({ version }: Pick<ServerInfo, 'version'>, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}
