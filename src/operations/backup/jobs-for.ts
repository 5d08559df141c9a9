import type { BackupJob } from './backup-report.ts';

/**
 * How many of a backup's jobs one database takes: one where it is small, because connections and locks cost more than they save,
 * and further ones by its size, of which each is to have half of `parallelBytes` at least.
 */
export function jobsFor(
  sizeBytes: number,
  { jobs, parallelBytes }: Pick<BackupJob, 'jobs' | 'parallelBytes'>,
): number {
  if (sizeBytes < parallelBytes) return 1;
  return Math.max(1, Math.min(jobs, Math.floor((2 * sizeBytes) / Math.max(1, parallelBytes))));
}
