import type { Engine } from '../db/adapter.ts';
import type { ClientPrograms } from '../db/client-program.ts';
import { engineFor } from '../db/registry.ts';
import { asVyaError, type VyaError } from '../errors.ts';
import type { BackupEntry } from '../storage/backup-entry.ts';
import { type OpenBackup, openBackup } from '../storage/open-backup.ts';
import type { Proof } from '../storage/marks.ts';
import type { OperationContext } from './context.ts';
import type { Patience } from './jobs.ts';
import { type Rehearsal, rehearse } from './restore/rehearse.ts';
import { assertWhole, withSharedBackup } from './stored-backup.ts';

export interface VerifyJob extends Patience {
  backups: readonly BackupEntry[];
  storage: { basePath: string };
  /** Where each backup is restored and compared, too; undefined: it is only read. */
  rehearsal?: ((backup: OpenBackup) => Rehearsal) | undefined;
}

export interface VerifyResult {
  id: string;
  status: 'ok' | 'failed';
  sizeBytes: number;
  durationMs: number;
  /** Whether it was restored and compared. */
  rehearsed: boolean;
  /** Of the rehearsal, where it passed. */
  proof?: Proof;
  warnings: string[];
  error?: VyaError;
}

/** Checks the checksums, reads every archive to its end, and rehearses; a damaged backup does not stop the others. */
export async function verify(job: VerifyJob, context: OperationContext): Promise<VerifyResult[]> {
  const results: VerifyResult[] = [];
  for (const entry of job.backups) {
    context.signal.throwIfAborted();
    results.push(await verifyOne(job, entry, context));
  }
  return results;
}

async function verifyOne(
  job: VerifyJob,
  entry: BackupEntry,
  context: OperationContext,
): Promise<VerifyResult> {
  const started = performance.now();
  const { id, sizeBytes } = entry;
  const result: VerifyResult = { id, status: 'ok', sizeBytes, durationMs: 0, rehearsed: false, warnings: [] };
  try {
    const backup = await openBackup(entry.path);
    await withSharedBackup({ ...job, backup }, 'vya verify', context, async () => {
      const engine = await engineFor(backup.manifest.instance.type);
      const programs = await programsFor(engine, backup, context);
      await assertWhole(backup, engine, programs, context, { forLoading: job.rehearsal !== undefined });
      // Accounts are the whole server's: there is no scratch place to restore them into.
      if (!job.rehearsal || entry.kind === 'accounts') return;
      result.rehearsed = true;
      const { warnings, proof } = await rehearse(backup, job.rehearsal(backup), context);
      Object.assign(result, { warnings, proof });
    });
    context.log.info({ id: entry.id }, 'verified');
  } catch (error) {
    context.signal.throwIfAborted();
    result.status = 'failed';
    result.error = asVyaError(error);
    context.log.error({ id: entry.id, kind: result.error.kind }, result.error.message);
  }
  result.durationMs = Math.round(performance.now() - started);
  return result;
}

/** Only PostgreSQL's archives need a program of their own to be read. */
async function programsFor(
  engine: Engine,
  { manifest }: OpenBackup,
  context: OperationContext,
): Promise<ClientPrograms | undefined> {
  if (manifest.parts.every(({ format }) => !format.startsWith('pg-'))) return undefined;
  return await engine.findPrograms(
    { flavour: manifest.server.flavour, version: manifest.client.version },
    context.env,
  );
}
