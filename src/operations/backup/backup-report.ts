import type { VyaError } from '../../errors.ts';
import type { RetentionPolicy } from '../../retention/policy.ts';
import type { Proof } from '../../storage/marks.ts';
import type { AccountsResult } from '../accounts/backup-accounts.ts';
import type { Hooks } from '../hooks.ts';
import type { InstanceJob, Patience, StorageJob } from '../jobs.ts';
import type { PruneResult } from '../prune.ts';

export interface BackupJob extends Patience {
  /** Names this run in every manifest that it writes. */
  run: string;
  instances: readonly InstanceJob[];
  /** Exact names that replace the configured choice; empty: what is configured. */
  databases: readonly string[];
  storage: StorageJob;
  /** Undefined: old backups are left alone. */
  retention: RetentionPolicy | undefined;
  /** Programs at work at the same time, over databases and inside one. */
  jobs: number;
  /** The size on the server, in bytes, from which a database takes several of the jobs. */
  parallelBytes: number;
  dryRun: boolean;
  /** Count and digest all tables in the moment that is dumped. */
  exact: boolean;
  /** Back up the instances' accounts, too, where their configuration wants it. */
  accounts: boolean;
  /** Restore each backup into a scratch database at once, and compare it. */
  rehearse: boolean;
  vya: string;
  /** Programs that run before and after each database; undefined: none. */
  hooks?: Pick<Hooks, 'beforeDatabase' | 'afterDatabase' | 'timeoutMs'> | undefined;
}

export interface DatabaseResult {
  database: string;
  status: 'ok' | 'failed' | 'planned';
  id?: string;
  path?: string;
  sizeBytes: number;
  durationMs: number;
  /** Whether its manifest holds exact counts and digests. */
  exact: boolean;
  /** Of its rehearsal, where it passed one. */
  proof?: Proof;
  warnings: string[];
  error?: VyaError;
  prune?: PruneResult;
}

export interface InstanceResult {
  instance: string;
  /** Set when the instance failed before its databases were known. */
  error?: VyaError;
  databases: DatabaseResult[];
  /** Absent when they were left out. */
  accounts?: AccountsResult;
  warnings: string[];
}

export interface BackupReport {
  run: string;
  dryRun: boolean;
  instances: InstanceResult[];
}
