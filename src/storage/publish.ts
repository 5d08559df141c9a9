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
import { mapLimited } from './limited.ts';
import {
  type FileEntry,
  type Manifest,
  type ManifestDraft,
  manifestFormat,
  manifestVersion,
} from './manifest.ts';
import { writeManifest } from './manifest-file.ts';
import { writePrivateFile } from './small-file.ts';
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
 * Makes a staged backup one: checksums file, manifest (last), and a rename into its place, each on the disk before the next.
 * After a crash at any point there is either the whole backup or none (F31).
 *
 * @throws VyaError `storage`, `unexpected`
 */
export async function publishStage(publication: Publication, draft: ManifestDraft): Promise<Published> {
  const { basePath, stage, place, startedAt, checksumAlgorithm } = publication;
  const files = [...publication.files].sort((a, b) => (a.path < b.path ? -1 : 1));
  return orStorageError(`publish the backup made in ${stage}`, async () => {
    await assertComplete(stage, files);
    await writePrivateFile(join(stage, sumsNames[checksumAlgorithm]), sumsText(files));
    const parent = await ensureDirectories(basePath, componentsOf(place));
    for (let sequence = 1; sequence < mostOfOneSecond; sequence += 1) {
      const path = join(parent, backupName(startedAt, sequence));
      if (await exists(path)) continue;
      const id = backupId(place, startedAt, sequence);
      const manifest = await writeManifest(stage, manifestOf(publication, files, draft, id));
      await syncDirectory(stage);
      if (await renameInto(stage, path)) {
        // The instance's and the database's directories may be new. A journal takes them all in one go.
        const changed = [parent, dirname(parent), basePath, dirname(stage)];
        await mapLimited(changed, changed.length, syncDirectory);
        return { id, path, manifest };
      }
      await unlink(join(stage, manifestName));
    }
    throw new VyaError(
      'unexpected',
      `There is no free name left in ${parent} for ${startedAt.toISOString()}`,
    );
  });
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
