import { VyaError } from '../../errors.ts';

/** How client programs and compressors say that they could not write, in the system's words or by its number. */
const refusals: readonly (readonly [said: RegExp, told: string])[] = [
  [/No space left on device|\berrno:? 28\b/i, 'The storage is full'],
  [/Disk quota exceeded|\berrno:? 122\b/i, 'The quota of the storage is used up'],
  [/File too large|\berrno:? 27\b/i, 'A file would be larger than the storage allows'],
  [/Input\/output error|\berrno:? 5\b/i, 'The storage’s device reports an error'],
  [/Read-only file system|\berrno:? 30\b/i, 'The storage is read-only'],
];

/** What the server said, which writes and reads disks of its own. */
const byServer = /\bERROR: {2}|\bError \d+(?: \(\w+\))?:|Couldn't execute|OS errno/;

/**
 * A program that could not write what it dumped says so in its own words; for the operator that is the storage's fault. What
 * the server says of its own disks is not.
 *
 * @param error of the pipeline whose last program writes into the storage
 */
export function asStorageFault(error: unknown): unknown {
  if (!(error instanceof VyaError) || error.kind !== 'failed' || byServer.test(error.message)) return error;
  const refusal = refusals.find(([said]) => said.test(error.message));
  if (!refusal) return error;
  return new VyaError('storage', `${refusal[1]}: ${error.message}`, {
    hint: 'Free space there or repair it, or set storage.base_path to another disk. Earlier backups are as they were.',
    cause: error,
  });
}
