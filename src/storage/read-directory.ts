import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { asVyaError, systemCode } from '../errors.ts';
import type { BackupEntry, EntrySummary } from './backup-entry.ts';
import { storageError } from './failure.ts';
import type { FoundDirectory } from './find-directories.ts';
import { manifestName, pinName, proofName, removingName } from './layout.ts';
import { type ManifestSummary, summarySchema } from './manifest.ts';
import { parseManifest, readManifestText } from './manifest-file.ts';
import { readMarks } from './marks.ts';

export interface ReadDirectory {
  /** Absent where there is no backup. */
  entry?: BackupEntry;
  warnings: string[];
  unfinishedRemoval?: string;
}

/**
 * Reads what is in a backup's directory. One without a manifest is no backup; one whose manifest cannot be used is one that
 * is not complete.
 *
 * @throws VyaError `storage`
 */
export function readBackupDirectory(found: FoundDirectory): ReadDirectory {
  const { path, id, instance, takenAt, sequence } = found;
  const text = textOf(path);
  const names = text === undefined ? namesIn(path) : marksIn(path);
  if (names === undefined) return { warnings: [] };
  if (text === undefined && !names.includes(manifestName)) {
    // An empty one is what a removal leaves that is cut off before its last step: a backup comes into its place with content.
    if (names.includes(removingName) || names.length === 0) return { warnings: [], unfinishedRemoval: path };
    return { warnings: [`${path} is no backup: it has no ${manifestName}`] };
  }
  const { pinned, proven, proof, warnings } = readMarks(path, names);
  const summary = readSummary(found, text, warnings);
  const database = found.database === undefined ? (summary?.database ?? '') : found.database;
  const entry: BackupEntry = {
    id,
    instance,
    database,
    kind: database === null ? 'accounts' : 'database',
    takenAt,
    sequence,
    path,
    complete: summary !== undefined,
    pinned,
    proven,
    ...(proof ? { proof } : {}),
    sizeBytes: summary?.files.reduce((sum, { size }) => sum + size, 0) ?? 0,
    ...(summary ? { summary: worthKeeping(summary) } : {}),
  };
  return { entry, warnings };
}

function worthKeeping(summary: ManifestSummary): EntrySummary {
  const { run, server, startedAt, finishedAt, partial, warnings } = summary;
  const files = summary.files.map(({ path, size }) => ({ path, size }));
  return { run, server, startedAt, finishedAt, partial, warnings, files };
}

/** The manifest's text; undefined where it cannot be read, for whatever reason: most often it can, and nothing else has to be asked. */
function textOf(path: string): string | undefined {
  try {
    return readManifestText(path);
  } catch {
    return undefined;
  }
}

/** Which marks there are: two looks take half the time of reading the directory. */
function marksIn(path: string): string[] {
  return [pinName, proofName].filter((name) => lstatSync(join(path, name), { throwIfNoEntry: false }));
}

function namesIn(path: string): string[] | undefined {
  try {
    return readdirSync(path);
  } catch (error) {
    // Removed since its parent was read.
    if (systemCode(error) === 'ENOENT') return undefined;
    throw storageError(error, `read ${path}`);
  }
}

/** The manifest's summary, or undefined and a warning why it cannot be used. */
function readSummary(
  { path, id }: FoundDirectory,
  text: string | undefined,
  warnings: string[],
): ManifestSummary | undefined {
  try {
    const summary = parseManifest(summarySchema, text ?? readManifestText(path), path);
    if (summary.id === id) return summary;
    warnings.push(
      `${path} was made as ${summary.id}: moved or copied backups are restored with --file, and never deleted`,
    );
  } catch (error) {
    const { kind, message } = asVyaError(error);
    if (kind === 'unexpected') throw error;
    warnings.push(message);
  }
  return undefined;
}
