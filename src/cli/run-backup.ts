import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { backup } from '../operations/backup.ts';
import type { BackupJob } from '../operations/backup/backup-report.ts';
import { announced } from './announce.ts';
import type { Outcome } from './context.ts';
import { backupOutcome } from './output/backup.ts';
import type { Setup } from './setup.ts';

/** Where nobody says how many dumps may run at the same time: more would be felt by those who use the server. */
const mostJobs = 4;
/** Smaller databases are dumped faster than several sessions begin. */
const parallelBytes = 64 * 1024 * 1024;

/** What the flags of `vya backup` say; what they leave out is as the configuration has it. */
export interface BackupFlags {
  instance?: readonly string[];
  database?: readonly string[];
  dryRun?: true | undefined;
  jobs?: number | undefined;
  compressionLevel?: number | undefined;
  exact?: true | undefined;
  rehearse?: true | undefined;
  skipAccounts?: true | undefined;
  skipPrune?: true | undefined;
  wait?: number;
}

/** Backs up and tells of it. Throws as `backup` does, and VyaError `failed` for a hook that comes before. */
export async function runBackup(setup: Setup, flags: BackupFlags): Promise<Outcome> {
  const run = randomUUID();
  const job = jobOf(setup, run, flags);
  const work = () => backup(job, setup.operation);
  if (job.dryRun) return backupOutcome(await work(), []);
  const { report, problems } = await announced(setup, run, work);
  return backupOutcome(report, problems);
}

function jobOf(setup: Setup, run: string, flags: BackupFlags): BackupJob {
  const { storage, retention, hooks } = setup.config;
  const dryRun = flags.dryRun ?? setup.config.dryRun;
  return {
    run,
    instances: setup.instances(flags.instance ?? []),
    databases: flags.database ?? [],
    storage: {
      basePath: storage.basePath,
      compression: {
        codec: storage.compression,
        level: flags.compressionLevel ?? storage.compressionLevel,
      },
      checksumAlgorithm: storage.checksumAlgorithm,
    },
    retention: flags.skipPrune || dryRun ? undefined : retention,
    jobs: flags.jobs ?? Math.min(mostJobs, availableParallelism()),
    parallelBytes,
    dryRun,
    exact: flags.exact ?? flags.rehearse ?? false,
    accounts: !flags.skipAccounts,
    rehearse: flags.rehearse ?? false,
    waitSeconds: flags.wait ?? 0,
    vya: setup.version,
    hooks: dryRun ? undefined : hooks,
  };
}
