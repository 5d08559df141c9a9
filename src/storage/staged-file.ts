import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { VyaError } from '../errors.ts';
import { followChecksum } from './checksum.ts';
import { orStorageError } from './failure.ts';
import type { ChecksumAlgorithm } from './layout.ts';
import type { FileEntry } from './manifest.ts';

/** A file of a backup in the making. Programs add to its end by themselves; the checksum follows them. */
export interface StagedFile {
  /** Absolute. */
  path: string;
  /** Relative to the backup's directory. */
  name: string;
  /**
   * To be called once every writer has closed it with success: it survives a power loss from here on.
   *
   * @throws VyaError `failed` when nothing was written, `storage`
   */
  finish(): Promise<FileEntry>;
  /** Gives up. Never throws. */
  abandon(): Promise<void>;
}

/** Creates a file that must not exist yet, 0600 whatever the umask. Throws VyaError `storage`. */
export async function createStagedFile(
  path: string,
  name: string,
  algorithm: ChecksumAlgorithm,
): Promise<StagedFile> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const handle = await orStorageError(`create ${path}`, async () => {
    const opened = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    await opened.chmod(0o600).catch(async (error: unknown) => {
      await opened.close();
      throw error;
    });
    return opened;
  });
  const following = followChecksum(path, algorithm);
  let open_ = true;
  const close = async (): Promise<void> => {
    if (!open_) return;
    open_ = false;
    await handle.close();
  };
  return {
    path,
    name,
    async finish() {
      try {
        const [digest] = await Promise.all([
          following.finish(),
          orStorageError(`write ${path} to the disk`, () => handle.sync()),
        ]);
        if (digest.size === 0) throw emptyError(name);
        return { path: name, ...digest };
      } finally {
        await close();
      }
    },
    async abandon() {
      await following.abandon();
      await close().catch(() => {});
    },
  };
}

function emptyError(name: string): VyaError {
  return new VyaError('failed', `The dump wrote nothing into ${name}`, {
    hint: 'Run again with --verbose to see what the client program says.',
  });
}
