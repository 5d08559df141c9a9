import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../errors.ts';
import type { ScanFilter } from './backup-entry.ts';
import { storageError } from './failure.ts';
import { accountsDirectory, assertInstanceId, isInstanceId, parseBackupName } from './layout.ts';
import { mapLimited } from './limited.ts';
import { fittingName, isShortened, unescapeName } from './names.ts';

/** A directory that bears a backup's name, in a place where backups lie. */
export interface FoundDirectory {
  id: string;
  instance: string;
  /** What the directory's name tells; undefined where a long name was shortened. Null for accounts. */
  database: string | null | undefined;
  takenAt: Date;
  sequence: number;
  path: string;
}

interface Found {
  directories: FoundDirectory[];
  warnings: string[];
}

const atOnce = 16;

/** Finds all directories with backups' names that the filter allows. Throws VyaError `storage`, `usage`. */
export async function findBackupDirectories(filter: ScanFilter): Promise<Found> {
  const { basePath, instance } = filter;
  const warnings: string[] = [];
  if (instance !== undefined) assertInstanceId(instance);
  const inBase = await list(basePath).catch((error: unknown) => {
    throw storageError(error, `read the storage ${basePath}`);
  });
  const instances = inBase.filter((entry) => instance === undefined || entry.name === instance);
  const component = wantedComponent(filter);
  const places: (readonly [instance: string, database: string])[] = [];
  for (const entry of realDirectories(instances, basePath, isInstanceId, warnings)) {
    const inside = await listOrWarn(join(basePath, entry), instance !== undefined, warnings);
    const wanted = inside.filter(({ name }) => component === undefined || component === name);
    for (const name of realDirectories(wanted, join(basePath, entry), isDatabaseDirectory, warnings)) {
      places.push([entry, name]);
    }
  }
  const found = await mapLimited(places, atOnce, (place) => findInPlace(basePath, place, warnings));
  return { directories: found.flat(), warnings };
}

/** The directory's name of the one place that is asked for; undefined: all. */
function wantedComponent({ database }: ScanFilter): string | undefined {
  if (database === undefined) return undefined;
  return database === null ? accountsDirectory : fittingName(database);
}

function isDatabaseDirectory(name: string): boolean {
  return name === accountsDirectory || isShortened(name) || unescapeName(name) !== undefined;
}

async function findInPlace(
  basePath: string,
  [instance, component]: readonly [instance: string, database: string],
  warnings: string[],
): Promise<FoundDirectory[]> {
  const parent = join(basePath, instance, component);
  const entries = await listOrWarn(parent, false, warnings);
  const names = realDirectories(entries, parent, (name) => parseBackupName(name) !== undefined, warnings);
  const database = component === accountsDirectory ? null : unescapeName(component);
  return names.flatMap((name) => {
    const parsed = parseBackupName(name);
    const id = `${instance}/${component}/${name}`;
    return parsed ? [{ ...parsed, id, instance, database, path: join(parent, name) }] : [];
  });
}

/** The names of vya's own directories among entries; others become warnings. Hidden ones are nobody's business. */
function realDirectories(
  entries: readonly Dirent[],
  parent: string,
  isOurs: (name: string) => boolean,
  warnings: string[],
): string[] {
  const visible = entries.filter(({ name }) => !name.startsWith('.') && name !== 'lost+found');
  return visible.flatMap((entry) => {
    const { name } = entry;
    if (entry.isDirectory() && isOurs(name)) return [name];
    const what = entry.isSymbolicLink()
      ? 'is a symbolic link, which vya does not follow'
      : 'was not written by vya';
    warnings.push(`${join(parent, name)} ${what}`);
    return [];
  });
}

/** What a directory holds; nothing, and a warning, when it cannot be read. */
async function listOrWarn(path: string, must: boolean, warnings: string[]): Promise<Dirent[]> {
  try {
    return await list(path);
  } catch (error) {
    // Removed since its parent was read.
    if (systemCode(error) === 'ENOENT') return [];
    const failure = storageError(error, `read ${path}`);
    if (must) throw failure;
    warnings.push(failure.message);
    return [];
  }
}

function list(path: string): Promise<Dirent[]> {
  return readdir(path, { withFileTypes: true });
}
