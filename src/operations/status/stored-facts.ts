import { type AuditRecord, readAudit } from '../../storage/audit-trail.ts';
import { type Scan, scanBackups } from '../../storage/catalogue.ts';

/** What the storage tells of its backups and of what was done: read once, for whatever is made of it. */
export interface StoredFacts {
  scan: Scan;
  /** Oldest first. */
  trail: readonly AuditRecord[];
}

/** Throws VyaError `storage`. */
export async function readStoredFacts(basePath: string): Promise<StoredFacts> {
  return { scan: await scanBackups({ basePath }), trail: await readAudit(basePath) };
}
