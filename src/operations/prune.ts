import { setImmediate } from 'node:timers/promises';
import { asVyaError, type VyaError } from '../errors.ts';
import { planRetention, type Decision } from '../retention/gfs.ts';
import type { RetentionPolicy } from '../retention/policy.ts';
import type { BackupEntry } from '../storage/backup-entry.ts';
import {
  findPlaces,
  retentionInput,
  type RetentionInput,
  type Scan,
  scanBackups,
} from '../storage/catalogue.ts';
import type { Place } from '../storage/layout.ts';
import { acquireLock } from '../storage/lock.ts';
import { finishRemovals, removeBackup } from '../storage/remove.ts';
import { damageOf } from '../storage/stored-sizes.ts';
import { type AuditEvent, errorForAudit } from './audit.ts';
import type { OperationContext } from './context.ts';
import type { Patience } from './jobs.ts';

export interface PruneJob extends Patience {
  storage: { basePath: string };
  retention: RetentionPolicy;
  /** Only these; undefined: every one in the storage tree. */
  instances?: readonly string[] | undefined;
  databases?: readonly string[] | undefined;
  dryRun: boolean;
}

export interface PruneDecision extends Decision {
  sizeBytes: number;
  takenAt: Date;
}

/** What retention decided for one database, and what was really deleted. */
export interface PruneResult {
  instance: string;
  database: string | null;
  decisions: PruneDecision[];
  deleted: string[];
  warnings: string[];
  error?: VyaError;
}

/** Applies retention to every database in the storage tree, also those that no server has any more. */
export async function prune(job: PruneJob, context: OperationContext): Promise<PruneResult[]> {
  const wanted = (await findPlaces(job.storage.basePath)).filter(
    ({ instance, database }) =>
      (job.instances?.includes(instance) ?? true) && (job.databases?.includes(database ?? '') ?? true),
  );
  const results: PruneResult[] = [];
  for (const place of wanted) results.push(await pruneDatabase({ ...job, place }, context));
  return results;
}

interface PlaceJob extends Omit<PruneJob, 'instances' | 'databases'> {
  place: Place;
  /** A part of a run: where nothing goes, no lock is taken, which would be a program for each of its databases. */
  afterBackup?: boolean;
}

/** Applies retention to one database. A failure is part of the result: it never undoes the backup before it. */
export async function pruneDatabase(job: PlaceJob, context: OperationContext): Promise<PruneResult> {
  const result: PruneResult = { ...job.place, decisions: [], deleted: [], warnings: [] };
  try {
    if (job.dryRun) await decide(job, await scanPlace(job), result, context);
    else if (!job.afterBackup || (await somethingGoes(job, result, context)))
      await decideAndDelete(job, result, context);
  } catch (error) {
    context.signal.throwIfAborted();
    result.error = asVyaError(error);
    context.log.error({ ...job.place, kind: result.error.kind }, result.error.message);
  }
  return result;
}

function scanPlace({ storage, place }: PlaceJob): Promise<Scan> {
  return scanBackups({ basePath: storage.basePath, ...place });
}

/** Backups that are looked at before the event loop has its turn. */
const inOneGo = 32;

/** Fills in the result, and answers what goes. */
async function decide(
  job: PlaceJob,
  scan: Scan,
  result: PruneResult,
  context: OperationContext,
): Promise<BackupEntry[]> {
  result.warnings.push(...scan.warnings);
  const byId = new Map(scan.backups.map((entry) => [entry.id, entry]));
  const candidates: RetentionInput[] = [];
  for (const [index, entry] of scan.backups.entries()) {
    if (index % inOneGo === 0) await setImmediate();
    const damage = damageOf(entry);
    if (damage !== undefined) result.warnings.push(`${damage}; retention neither counts nor deletes it`);
    const input = retentionInput(entry);
    candidates.push({ ...input, complete: input.complete && damage === undefined });
  }
  const decisions = planRetention(candidates, job.retention, context.now());
  result.decisions = decisions.map((decision) => {
    const { sizeBytes = 0, takenAt = new Date(0) } = byId.get(decision.id) ?? {};
    return { ...decision, sizeBytes, takenAt };
  });
  return decisions.flatMap(({ id, keep }) => (keep ? [] : (byId.get(id) ?? [])));
}

/** Fills in the result where nothing does. */
async function somethingGoes(
  job: PlaceJob,
  result: PruneResult,
  context: OperationContext,
): Promise<boolean> {
  const scan = await scanPlace(job);
  const seen: PruneResult = { ...result, warnings: [] };
  const goes = await decide(job, scan, seen, context);
  if (goes.length > 0 || scan.unfinishedRemovals.length > 0) return true;
  Object.assign(result, seen);
  return false;
}

/** Decides anew, because others may have deleted or pinned meanwhile. */
async function decideAndDelete(job: PlaceJob, result: PruneResult, context: OperationContext): Promise<void> {
  const { basePath } = job.storage;
  const common = {
    basePath,
    command: 'vya prune',
    now: context.now(),
    env: context.env,
    signal: context.signal,
  };
  const lock = await acquireLock({
    ...common,
    scope: { kind: 'database', place: job.place },
    mode: 'exclusive',
    waitSeconds: job.waitSeconds,
  });
  try {
    const scan = await scanPlace(job);
    await finishRemovals({ basePath, paths: scan.unfinishedRemovals, lock });
    for (const backup of await decide(job, scan, result, context)) {
      context.signal.throwIfAborted();
      const { kept } = await removeBackup({ ...common, backup, lock }).catch(async (error: unknown) => {
        await context.audit({
          ...deletion(job.place, backup),
          result: 'failed',
          error: errorForAudit(asVyaError(error)),
        });
        throw error;
      });
      result.deleted.push(backup.id);
      const reason = reasonOf(result, backup.id);
      await context.audit({ ...deletion(job.place, backup), reason });
      result.warnings.push(...kept.map((path) => `${path} was not written by vya and stays`));
      context.log.info({ ...job.place, id: backup.id }, 'deleted by retention');
    }
  } finally {
    await lock.release();
  }
}

function deletion(place: Place, { id, sizeBytes }: BackupEntry): AuditEvent {
  return { action: 'delete', result: 'ok', ...place, backup: id, bytes: sizeBytes };
}

function reasonOf({ decisions }: PruneResult, deleted: string): string {
  return decisions.find(({ id }) => id === deleted)?.reasons.join('; ') ?? '';
}
