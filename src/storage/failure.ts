import { systemCode, VyaError } from '../errors.ts';
import { ownerHint } from './owner.ts';

/** Why the system refused, in words, and what to do about it. */
const reasons: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ENOSPC: [
    'there is no space left',
    'Free some space (vya prune works on a full disk), or use a larger volume.',
  ],
  EDQUOT: ['the disk quota is used up', 'Raise the quota, or free some space with vya prune.'],
  EROFS: [
    'the file system is read-only',
    'Mount it writable; the kernel log tells whether an error made it read-only.',
  ],
  EACCES: ['permission denied', 'Run vya as the owner of the storage, or give it to the user who runs vya.'],
  EPERM: [
    'the system does not permit it',
    'Run vya as the owner of the storage; lsattr shows immutable files.',
  ],
  ENOENT: ['it does not exist', 'Look whether the volume is mounted and storage.base_path is right.'],
  ENOTDIR: [
    'a part of the path is a file, not a directory',
    'Correct storage.base_path, or move that file away.',
  ],
  EISDIR: ['it is a directory', 'Move it away: vya wants a file there.'],
  EEXIST: ['it exists already', 'Move it away: vya overwrites nothing.'],
  ELOOP: ['it is a symbolic link', 'Remove the link: vya follows none inside its storage.'],
  ENAMETOOLONG: ['the path is too long', 'Choose a shorter storage.base_path.'],
  EXDEV: ['it is on another file system', 'Keep the whole storage tree on one volume.'],
  EIO: ['the device reports an error', 'Look at the kernel log and the health of the disk.'],
  ESTALE: ['the network share has gone away', 'Mount the share again.'],
  ENOTCONN: ['the network share is not connected', 'Mount the share again.'],
  EBUSY: ['it is in use', 'Find out with lsof what uses it, then run again.'],
  EMFILE: ['too many files are open', 'Raise the limit (ulimit -n).'],
  ENFILE: ['too many files are open on this machine', 'Raise fs.file-max.'],
  EFBIG: [
    'the file would be larger than allowed',
    'Raise the limit (ulimit -f), or use another file system.',
  ],
  ENOLCK: [
    'the file system cannot lock files',
    'Put the storage on a file system with locks, or mount the share with them.',
  ],
};

/**
 * Turns a failed system call on the storage into VyaError `storage`; errors that are vya's own pass unchanged.
 *
 * @param action what vya wanted, as in “Cannot <action>: there is no space left”
 */
export function storageError(error: unknown, action: string): Error {
  if (error instanceof VyaError) return error;
  const code = systemCode(error);
  // Only the system's refusals are the storage's fault; a TypeError is a bug and stays one.
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error as Error;
  const [reason, hint] = reasons[code] ?? [
    (error as Error).message,
    'Look at the kernel log and at the mount of the storage.',
  ];
  const owned = ['EACCES', 'EPERM'].includes(code) ? ownerHint(error as NodeJS.ErrnoException) : undefined;
  return new VyaError('storage', `Cannot ${action}: ${reason} (${code})`, {
    hint: owned ?? hint,
    cause: error,
  });
}

/** Runs `work` and turns its system errors into VyaError `storage`. */
export async function orStorageError<T>(action: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageError(error, action);
  }
}
