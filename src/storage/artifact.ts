import { lstat, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { VyaError } from '../errors.ts';
import { ensureDirectories } from './directories.ts';
import { orStorageError } from './failure.ts';
import { type FollowedDirectory, followDirectory } from './followed-directory.ts';
import { assertSuffix, type ChecksumAlgorithm, componentsOf, fileStem, type Place } from './layout.ts';
import { prepareLockFile } from './lock-file.ts';
import { assertCovers } from './lock-scope.ts';
import type { Lock } from './lock.ts';
import type { FileEntry, ManifestDraft } from './manifest.ts';
import { type Published, publishStage } from './publish.ts';
import { adoptDirectory, type AdoptOptions } from './staged-directory.ts';
import { createStagedFile, type StagedFile } from './staged-file.ts';
import { makeStage, removeStage } from './staging.ts';
import { assertStoredName } from './stored-name.ts';
import { readTree } from './tree.ts';

export interface StageRequest {
  basePath: string;
  /** The instance's lock, which is held until the backup is published or discarded. */
  lock: Lock;
  place: Place;
  startedAt: Date;
  checksumAlgorithm: ChecksumAlgorithm;
  /** What `prepareDestination` answered for this place, a moment ago; without it, it is asked now. */
  destination?: string | undefined;
}

/** A backup in the making: nobody sees it before `publish`. */
export interface StagedBackup {
  /** Absolute; 0700. */
  readonly directory: string;
  /** What every part's name begins with. */
  readonly stem: string;
  /** The absolute path of the part `<stem><suffix>`; nothing is created. */
  pathFor(suffix: string): string;
  /** Creates the file of a part, to whose end programs may write. Throws VyaError `storage`. */
  createFile(suffix: string): Promise<StagedFile>;
  /** Begins to calculate the checksums of the directory that a client program is about to make at `pathFor(suffix)`. */
  followDirectory(suffix: string): FollowedDirectory;
  /** Takes over the directory that a client program made at `pathFor(suffix)`, and may have been followed; its absolute path. */
  adoptDirectory(suffix: string, options?: AdoptOptions): Promise<string>;
  /** Takes back every part that was made so far, for another attempt. Throws VyaError `storage`. */
  restart(): Promise<void>;
  /** Bytes of a file, or of all files in a directory, of this backup. */
  sizeOf(path: string): Promise<number>;
  /** Throws VyaError `storage`: then nothing was published, and `discard` cleans up. */
  publish(draft: ManifestDraft): Promise<Published>;
  /** Removes everything that was made; does nothing after a publication. Never throws. */
  discard(): Promise<void>;
}

/**
 * Makes the directory that a place's backups come into, and its lock's file.
 *
 * @returns the directory's absolute path
 * @throws VyaError `storage`
 */
export async function prepareDestination(basePath: string, place: Place): Promise<string> {
  const destination = await ensureDirectories(basePath, componentsOf(place));
  await assertStoredName(dirname(destination), basename(destination));
  await prepareLockFile(basePath, place);
  return destination;
}

/**
 * Begins a backup in a directory of its own below `<base>/.staging`.
 *
 * @throws VyaError `storage`; `unexpected` without the instance's lock
 */
export async function stageBackup(request: StageRequest): Promise<StagedBackup> {
  const { basePath, lock, place, startedAt, checksumAlgorithm } = request;
  assertCovers(lock, { kind: 'instance', instance: place.instance });
  const destination = request.destination ?? (await prepareDestination(basePath, place));
  const stage = await makeStage(basePath, place.instance, startedAt, destination);
  const stem = fileStem(place, startedAt);

  const entries: FileEntry[] = [];
  const open = new Set<StagedFile>();
  let published = false;

  const nameFor = (suffix: string): string => {
    assertSuffix(suffix);
    return stem + suffix;
  };

  const abandonOpen = async (): Promise<void> => {
    for (const file of open) await file.abandon();
    open.clear();
  };

  return {
    directory: stage,
    stem,
    pathFor: (suffix) => join(stage, nameFor(suffix)),
    async createFile(suffix) {
      const file = await createStagedFile(join(stage, nameFor(suffix)), nameFor(suffix), checksumAlgorithm);
      open.add(file);
      const finish = async (): Promise<FileEntry> => {
        const entry = await file.finish();
        open.delete(file);
        entries.push(entry);
        return entry;
      };
      return { ...file, finish };
    },
    followDirectory: (suffix) => followDirectory(join(stage, nameFor(suffix)), checksumAlgorithm),
    async adoptDirectory(suffix, options) {
      entries.push(...(await adoptDirectory(stage, nameFor(suffix), checksumAlgorithm, options)));
      return join(stage, nameFor(suffix));
    },
    sizeOf: (path) => orStorageError(`look at ${path}`, () => sizeOf(path)),
    async restart() {
      await abandonOpen();
      entries.length = 0;
      await orStorageError(`empty ${stage}`, async () => {
        for (const name of await readdir(stage)) await rm(join(stage, name), { recursive: true });
      });
    },
    async publish(draft) {
      if (published || open.size > 0 || draft.instance.id !== place.instance) {
        throw new VyaError('unexpected', `The backup in ${stage} is not ready to be published`);
      }
      const result = await publishStage({ ...request, stage, files: entries }, draft);
      published = true;
      return result;
    },
    async discard() {
      await abandonOpen();
      // What cannot be removed now is removed by the next run.
      if (!published) await removeStage(stage);
    },
  };
}

async function sizeOf(path: string): Promise<number> {
  const stats = await lstat(path);
  if (!stats.isDirectory()) return stats.size;
  return (await readTree(path)).reduce((sum, { stats: each }) => sum + (each.isFile() ? each.size : 0), 0);
}
