import { type StatusReport, status } from '../operations/status.ts';
import type { Setup } from './setup.ts';

/** What there is in the configured storage, measured against the configuration. Throws VyaError `storage`, `usage`. */
export async function readStatus(setup: Setup, only: readonly string[]): Promise<StatusReport> {
  const { storage, retention, instances } = setup.config;
  return await status(
    {
      storage,
      retention,
      instances: instances.map(({ id, databases }) => ({ id, named: databases.filter(isName) })),
      only,
    },
    setup.operation,
  );
}

/** Without a wildcard: such a database has to be there. */
function isName(pattern: string): boolean {
  return !/[*?[\]\\]/.test(pattern);
}
