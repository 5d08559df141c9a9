import { lstat, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode, VyaError } from '../errors.ts';
import { ensureDirectories, syncDirectory } from './directories.ts';
import { orStorageError } from './failure.ts';
import {
  backupId,
  backupName,
  type ChecksumAlgorithm,
  componentsOf,
  manifestName,
  type Place,
  sumsNames,
} from './layout.ts';
import {
  type FileEntry,
  type Manifest,
  type ManifestDraft,
  manifestFormat,
  manifestVersion,
} from './manifest.ts';
import { writeManifest } from './manifest-file.ts';
import { createPrivateFile } from './small-file.ts';
import { sumsText } from './sums.ts';
import { readTree } from './tree.ts';

export interface Publication {
  basePath: string;
  /** The directory in which the backup was made; its files are on the disk already. */
  stage: string;
  place: Place;
  startedAt: Date;
  checksumAlgorithm: ChecksumAlgorithm;
  files: readonly FileEntry[];
}

export interface Published {
  id: string;
  /** The backup's directory. */
  path: string;
  manifest: Manifest;
}

/** More backups of one database within one second than anyone makes. */
const mostOfOneSecond = 10_000;

/**
 * Makes a staged backup one: checksums file, manifest (last), and, once all of it is on the disk, a rename into its place. After a
 * crash at any point there is either the whole backup or none (F31): nobody looks for one in the stage.
 *
 * @throws VyaError `storage`, `unexpected`
 */
export async function publishStage(publication: Publication, draft: ManifestDraft): Promise<Published> {
  const { basePath, stage, place, startedAt, checksumAlgorithm } = publication;
  const files = [...publication.files].sort((a, b) => (a.path < b.path ? -1 : 1));
  return orStorageError(`publish the backup made in ${stage}`, async () => {
    await assertComplete(stage, files);
    const parent = await ensureDirectories(basePath, componentsOf(place));
    const sums = await createPrivateFile(join(stage, sumsNames[checksumAlgorithm]), sumsText(files));
    try {
      for (let sequence = 1; sequence < mostOfOneSecond; sequence += 1) {
        const path = join(parent, backupName(startedAt, sequence));
        if (await exists(path)) continue;
        const id = backupId(place, startedAt, sequence);
        const { manifest, file } = await writeManifest(stage, manifestOf(publication, files, draft, id));
        await together([sums.settle(), file.settle(), syncDirectory(stage)]);
        if (await renameInto(stage, path)) {
          // The instance's and the database's directories may be new.
          await together([parent, dirname(parent), basePath, dirname(stage)].map(syncDirectory));
          return { id, path, manifest };
        }
        await unlink(join(stage, manifestName));
      }
    } finally {
      await sums.settle().catch(() => {});
    }
    throw new VyaError(
      'unexpected',
      `There is no free name left in ${parent} for ${startedAt.toISOString()}`,
    );
  });
}

/** A journal takes all of them in one go. Waits for the last, and throws the first failure. */
async function together(syncs: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(syncs);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

function manifestOf(
  { place, startedAt, checksumAlgorithm }: Publication,
  files: FileEntry[],
  draft: ManifestDraft,
  id: string,
): Manifest {
  // In the order in which a reader wants them.
  const { run, instance, ...rest } = draft;
  return {
    format: manifestFormat,
    version: manifestVersion,
    id,
    run,
    kind: place.database === null ? 'accounts' : 'database',
    instance,
    database: place.database,
    startedAt: startedAt.toISOString(),
    ...rest,
    checksumAlgorithm,
    files,
  };
}

/** What lies in the stage must be what was checksummed, no more and no less. */
async function assertComplete(stage: string, files: readonly FileEntry[]): Promise<void> {
  const found = (await readTree(stage)).filter(({ stats }) => !stats.isDirectory());
  const sizes = new Map(files.map(({ path, size }) => [path, size]));
  const odd = found.find(({ path, stats }) => !stats.isFile() || sizes.get(path) !== stats.size)?.path;
  if (odd === undefined && found.length === files.length && files.length > 0) return;
  throw new VyaError(
    'storage',
    `${stage} changed while the backup was made (${odd ?? 'files are missing'})`,
    {
      hint: 'Someone else writes into the storage; see who can, then run again.',
    },
  );
}

/**
 * Renames the stage to a name that is free. The kernel refuses to replace a directory that is not empty, so that even an
 * unlucky moment overwrites nothing.
 *
 * @returns false when the name was taken meanwhile
 */
async function renameInto(stage: string, path: string): Promise<boolean> {
  try {
    await rename(stage, path);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(systemCode(error) ?? '') && (await exists(path)))
      return false;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
