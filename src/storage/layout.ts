import { join } from 'node:path';
import { VyaError } from '../errors.ts';
import { fittingName } from './names.ts';

/** Whose backups: one database of an instance, or (null) the instance's accounts. */
export interface Place {
  instance: string;
  database: string | null;
}

/** The directory of the accounts backups. No database's directory begins with `@`. */
export const accountsDirectory = '@accounts';
export const manifestName = 'manifest.json';
/** What a manifest is called while its backup is being removed. */
export const removingName = 'manifest.removing.json';
export const pinName = 'pin.json';
export const proofName = 'proof.json';

export type ChecksumAlgorithm = 'sha256' | 'md5';

export const sumsNames: Readonly<Record<ChecksumAlgorithm, string>> = {
  sha256: 'SHA256SUMS',
  md5: 'MD5SUMS',
};

/** Names inside a backup that are vya's own: no dumped file may bear one. */
export const reservedNames: ReadonlySet<string> = new Set([
  manifestName,
  removingName,
  pinName,
  proofName,
  ...Object.values(sumsNames),
]);

/**
 * The room, in bytes, for a database's name in a file's name: `_20260109T020000Z` and a suffix of at most 40 follow it. It
 * holds the longest names that the servers allow (MySQL: 64 characters of 3 bytes) whole.
 */
const stemLimit = 198;
const suffixLimit = 40;

/** `20260109T020000Z`: UTC, whole seconds. */
export function formatTimestamp(date: Date): string {
  const iso = date.toISOString();
  if (!/^\d{4}-/.test(iso)) {
    throw new VyaError('unexpected', `The year of ${iso} does not have four digits`);
  }
  return `${iso.slice(0, 19).replace(/[-:]/g, '')}Z`;
}

/** The moment that a timestamp names; undefined for other texts and for days that do not exist. */
export function parseTimestamp(text: string): Date | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  // Date moves the 30th of February, and hour 24, to the next day.
  return !Number.isNaN(date.getTime()) && formatTimestamp(date) === text ? date : undefined;
}

/** The name of a backup's directory: the timestamp, and from the second backup of one second on `-2`, `-3`, … */
export function backupName(startedAt: Date, sequence: number): string {
  return formatTimestamp(startedAt) + (sequence > 1 ? `-${sequence}` : '');
}

export function parseBackupName(name: string): { takenAt: Date; sequence: number } | undefined {
  const match = /^(\d{8}T\d{6}Z)(?:-([2-9]|[1-9]\d{1,5}))?$/.exec(name);
  const takenAt = parseTimestamp(match?.[1] ?? '');
  return takenAt && { takenAt, sequence: Number(match?.[2] ?? 1) };
}

/** The two path components of a place below the base path. Throws VyaError `usage` for an id that no instance can have. */
export function componentsOf(place: Place): readonly [instance: string, database: string] {
  assertInstanceId(place.instance);
  return [place.instance, place.database === null ? accountsDirectory : fittingName(place.database)];
}

export function directoryOf(basePath: string, place: Place): string {
  return join(basePath, ...componentsOf(place));
}

/** `<instance>/<database>/<timestamp>`: also the backup's path below the base path. */
export function backupId(place: Place, startedAt: Date, sequence = 1): string {
  return [...componentsOf(place), backupName(startedAt, sequence)].join('/');
}

/** What all files of a backup begin with. */
export function fileStem(place: Place, startedAt: Date): string {
  const name = place.database === null ? 'accounts' : fittingName(place.database, stemLimit);
  return `${name}_${formatTimestamp(startedAt)}`;
}

/** Throws VyaError `unexpected`: suffixes are vya's own. */
export function assertSuffix(suffix: string): void {
  if (/^\.[A-Za-z0-9][A-Za-z0-9._-]*$/.test(suffix) && suffix.length <= suffixLimit) return;
  throw new VyaError('unexpected', `“${suffix}” cannot end a file's name`);
}

export function isInstanceId(text: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,63}$/.test(text);
}

export function assertInstanceId(text: string): void {
  if (isInstanceId(text)) return;
  throw new VyaError('usage', `“${text}” is not an instance's id`, {
    hint: 'Ids are up to 64 lower-case letters, digits, dots, dashes and underscores, and begin with a letter or digit.',
  });
}
