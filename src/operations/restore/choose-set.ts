import { asVyaError, VyaError } from '../../errors.ts';
import type { BackupEntry } from '../../storage/backup-entry.ts';
import type { Scan } from '../../storage/catalogue.ts';
import { openBackup, type OpenBackup } from '../../storage/open-backup.ts';
import { selectAt, selectLatest } from '../../storage/select.ts';

/** Which backups make a server whole again. */
export type SetWish = { by: 'latest' } | { by: 'at'; moment: Date } | { by: 'run'; run: string };

export interface ChosenDatabase {
  database: string;
  backup?: OpenBackup;
  /** Why there is none that can be restored. */
  error?: VyaError;
}

/** One backup of each database of an instance, and one of its accounts. */
export interface BackupSet {
  instance: string;
  databases: ChosenDatabase[];
  accounts?: OpenBackup;
  warnings: string[];
}

/** How much older than the newest backup of a set another one may be before it is told, in milliseconds. */
const stale = 2 * 86_400_000;

/**
 * Chooses a set and opens its manifests. A database whose backups are all broken is in the set with an error; the others are
 * there all the same.
 *
 * @param scan of one instance
 * @throws VyaError `not-found` when there is nothing to restore; `usage` when several runs begin with what was given
 */
export async function chooseSet(
  instance: string,
  { backups, warnings }: Pick<Scan, 'backups' | 'warnings'>,
  wish: SetWish,
): Promise<BackupSet> {
  const candidates = wish.by === 'run' ? ofRun(instance, backups, wish.run) : backups;
  const set: BackupSet = { instance, databases: [], warnings: [...warnings] };
  for (const [database, entries] of byDatabase(candidates)) {
    const chosen = await choose(database, entries, wish, set.warnings);
    if (chosen) set.databases.push(chosen);
  }
  await addAccounts(set, candidates, wish);
  if (set.databases.length === 0 && !set.accounts) {
    throw new VyaError(
      'not-found',
      `There is no backup of ${instance}${wish.by === 'at' ? ' from then or before' : ''}`,
      {
        hint: 'vya list shows what can be restored, and of which instances.',
      },
    );
  }
  set.warnings.push(...oddities(set, backups, wish));
  return set;
}

function byDatabase(backups: readonly BackupEntry[]): [string, BackupEntry[]][] {
  const places = new Map<string, BackupEntry[]>();
  for (const entry of backups) {
    if (entry.database === null) continue;
    places.set(entry.database, [...(places.get(entry.database) ?? []), entry]);
  }
  return [...places].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** Undefined: it has backups, and all of them are of a later time. */
async function choose(
  database: string,
  entries: readonly BackupEntry[],
  wish: SetWish,
  warnings: string[],
): Promise<ChosenDatabase | undefined> {
  if (wish.by === 'at' && entries.every(({ takenAt }) => takenAt > wish.moment)) {
    warnings.push(`${database} is left out: its first backup is of a later time`);
    return undefined;
  }
  try {
    return { database, backup: await openBackup(select(entries, wish).path) };
  } catch (error) {
    return { database, error: known(error) };
  }
}

function select(entries: readonly BackupEntry[], wish: SetWish): BackupEntry {
  return wish.by === 'at' ? selectAt(entries, wish.moment) : selectLatest(entries);
}

async function addAccounts(set: BackupSet, candidates: readonly BackupEntry[], wish: SetWish): Promise<void> {
  const entries = candidates.filter(({ kind }) => kind === 'accounts');
  try {
    set.accounts = await openBackup(select(entries, wish).path);
  } catch (error) {
    if (known(error).kind !== 'not-found') throw error;
    set.warnings.push(
      'there is no backup of accounts among these: roles and users have to be on the target already',
    );
  }
}

/** @throws VyaError `not-found`, `usage` */
function ofRun(instance: string, backups: readonly BackupEntry[], run: string): BackupEntry[] {
  const runs = new Set(backups.flatMap(({ summary }) => (summary?.run.startsWith(run) ? [summary.run] : [])));
  const [only] = runs;
  if (only === undefined || run === '') {
    throw new VyaError('not-found', `No backup of ${instance} is of the run “${run}”`, {
      hint: 'vya list --format json shows the run of each backup.',
    });
  }
  if (runs.size > 1) {
    throw new VyaError('usage', `“${run}” is the beginning of ${runs.size} runs: ${[...runs].join(', ')}`, {
      hint: 'Give more of it.',
    });
  }
  return backups.filter(({ summary }) => summary?.run === only);
}

/** What somebody who restores a server should know of the choice. */
function oddities(set: BackupSet, all: readonly BackupEntry[], wish: SetWish): string[] {
  const warnings: string[] = [];
  const chosen = set.databases.flatMap(({ database, backup }) =>
    backup ? [{ database, at: new Date(backup.manifest.startedAt) }] : [],
  );
  const newest = Math.max(...chosen.map(({ at }) => at.getTime()));
  for (const { database, at } of chosen) {
    if (newest - at.getTime() <= stale) continue;
    const day = at.toISOString().slice(0, 10);
    warnings.push(
      `the backup of ${database} is from ${day}, days before the newest one: the database may have been dropped since, or its backups fail`,
    );
  }
  if (wish.by === 'run') {
    const taken = new Set(set.databases.map(({ database }) => database));
    const others = byDatabase(all).flatMap(([database]) => (taken.has(database) ? [] : [database]));
    if (others.length > 0) warnings.push(`not in this run, and left out: ${others.join(', ')}`);
  }
  return warnings;
}

function known(error: unknown): VyaError {
  const failure = asVyaError(error);
  if (failure.kind === 'unexpected') throw error;
  return failure;
}
