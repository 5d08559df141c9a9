import type { BackupEntry } from '../storage/backup-entry.ts';
import { acquireLock } from '../storage/lock.ts';
import { removePin, writePin } from '../storage/write-marks.ts';
import { audited } from './audit.ts';
import type { OperationContext } from './context.ts';
import type { Patience } from './jobs.ts';

export interface PinJob extends Patience {
  backup: BackupEntry;
  storage: { basePath: string };
  /** True: retention leaves the backup alone from now on. False: it no longer does. */
  pinned: boolean;
  /** Why, for those who find the pin later. */
  reason?: string | undefined;
}

/** Sets or takes away a pin. Retention of the same database is kept out meanwhile, so that a pin is never too late. */
export async function pin(job: PinJob, context: OperationContext): Promise<void> {
  const { id: backup, instance, database } = job.backup;
  const reason = job.reason === undefined ? {} : { reason: job.reason };
  const event = { action: job.pinned ? 'pin' : 'unpin', instance, database, backup, ...reason };
  await audited(
    context,
    event,
    () => setPin(job, context),
    () => ({}),
  );
}

async function setPin(job: PinJob, context: OperationContext): Promise<void> {
  const { backup, storage, waitSeconds } = job;
  const lock = await acquireLock({
    basePath: storage.basePath,
    scope: { kind: 'database', place: { instance: backup.instance, database: backup.database } },
    mode: 'exclusive',
    waitSeconds,
    command: job.pinned ? 'vya pin' : 'vya unpin',
    now: context.now(),
    env: context.env,
    signal: context.signal,
  });
  try {
    if (job.pinned) {
      const pinnedAt = context.now().toISOString();
      const reason = job.reason === undefined ? {} : { reason: job.reason };
      await writePin(backup.path, { format: 'vya-pin', version: 1, pinnedAt, ...reason });
    } else {
      await removePin(backup.path);
    }
  } finally {
    await lock.release();
  }
}
