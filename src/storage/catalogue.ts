import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { asVyaError } from '../errors.ts';
import type { BackupEntry, ScanFilter } from './backup-entry.ts';
import { type FoundDirectory, findBackupDirectories } from './find-directories.ts';
import type { Place } from './layout.ts';
import { type ReadDirectory, readBackupDirectory } from './read-directory.ts';

export interface Scan {
  /** Newest first. */
  backups: BackupEntry[];
  /** What in the tree is broken, or not vya's. It is never deleted. */
  warnings: string[];
  /** Directories of backups whose removal was interrupted. */
  unfinishedRemovals: string[];
}

/** Manifests that are read before the event loop has its turn. */
const inOneGo = 32;

/**
 * Looks through the storage tree. Ids and times come from the directories' names, so that only the manifests of backups
 * that pass the filter are read.
 *
 * @throws VyaError `storage` when the base, or the instance that was asked for, cannot be read
 */
export async function scanBackups(filter: ScanFilter): Promise<Scan> {
  const { directories, warnings } = await findBackupDirectories(filter);
  const wanted = directories.filter(({ takenAt }) => filter.when?.(takenAt) ?? true).sort(newestFirst);
  const scan: Scan = { backups: [], warnings, unfinishedRemovals: [] };
  for (const [index, directory] of wanted.entries()) {
    if (scan.backups.length >= (filter.limit ?? Infinity)) break;
    if (index % inOneGo === 0) await setImmediate();
    const found = readOrWarn(directory);
    scan.warnings.push(...found.warnings);
    if (found.unfinishedRemoval !== undefined) scan.unfinishedRemovals.push(found.unfinishedRemoval);
    if (found.entry) scan.backups.push(found.entry);
  }
  return scan;
}

/**
 * Every database, and every instance's accounts, of which there are directories with backups' names; that of the newest one
 * first. A manifest is read only where the name was too long for a directory.
 *
 * @throws VyaError `storage` when the base cannot be read
 */
export async function findPlaces(basePath: string): Promise<Place[]> {
  const { directories } = await findBackupDirectories({ basePath });
  const places = new Map<string, Place>();
  for (const directory of directories.sort(newestFirst)) {
    const parent = dirname(directory.path);
    if (places.has(parent)) continue;
    const { instance, database = readOrWarn(directory).entry?.database } = directory;
    // Of a shortened name whose manifest cannot be read, an older one may tell.
    if (database !== undefined && database !== '') places.set(parent, { instance, database });
  }
  return [...places.values()];
}

/** One directory that cannot be read does not hide the others. */
function readOrWarn(directory: FoundDirectory): ReadDirectory {
  try {
    return readBackupDirectory(directory);
  } catch (error) {
    const { kind, message } = asVyaError(error);
    if (kind === 'unexpected') throw error;
    return { warnings: [message] };
  }
}

function newestFirst(a: FoundDirectory, b: FoundDirectory): number {
  return (
    b.takenAt.getTime() - a.takenAt.getTime() ||
    b.sequence - a.sequence ||
    (a.id < b.id ? -1 : Number(a.id > b.id))
  );
}

/** What retention has to know of a backup. */
export type RetentionInput = Pick<BackupEntry, 'id' | 'takenAt' | 'complete' | 'pinned' | 'proven'>;

/**
 * A backup as retention sees it. A partial one is no candidate: it must not take the place of one that holds everything.
 */
export function retentionInput(entry: BackupEntry): RetentionInput {
  const { id, takenAt, pinned, proven, summary } = entry;
  return { id, takenAt, pinned, proven, complete: entry.complete && summary?.partial === false };
}
