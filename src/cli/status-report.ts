import { status, type StatusJob, type StatusReport } from '../operations/status.ts';
import { readStoredFacts } from '../operations/status/stored-facts.ts';
import type { Setup } from './setup.ts';

/** What there is in the configured storage, measured against the configuration. Throws VyaError `storage`. */
export async function readStatus(setup: Setup, only: readonly string[]): Promise<StatusReport> {
  const facts = await readStoredFacts(setup.config.storage.basePath);
  return await status(statusJob(setup, only), facts, setup.operation);
}

/** @param only ids of instances; empty: all */
export function statusJob({ config }: Setup, only: readonly string[]): StatusJob {
  const { storage, retention, instances } = config;
  const named = instances.map(({ id, databases }) => ({ id, named: databases.filter(isName) }));
  return { storage, retention, instances: named, only };
}

/** Without a wildcard: such a database has to be there. */
function isName(pattern: string): boolean {
  return !/[*?[\]\\]/.test(pattern);
}
