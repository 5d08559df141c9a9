import { type NextDeletion, nextDeletion } from '../retention/next-deletion.ts';
import type { RetentionPolicy } from '../retention/policy.ts';
import type { BackupEntry } from '../storage/backup-entry.ts';
import { retentionInput } from '../storage/catalogue.ts';
import { freeSpace } from '../storage/free-space.ts';
import { damageOf } from '../storage/stored-sizes.ts';
import type { OperationContext } from './context.ts';
import { lastFailures, type PastFailure } from './status/failures.ts';
import { foundInLastRun, isGone, type LastFound } from './status/gone.ts';
import { growthPerDay } from './status/growth.ts';
import type { StoredFacts } from './status/stored-facts.ts';

export interface StatusJob {
  storage: { basePath: string };
  retention: RetentionPolicy;
  /** The configured instances, and the databases that are named there without a wildcard. */
  instances: readonly { id: string; named: readonly string[] }[];
  /** Only these instances; empty: all. */
  only: readonly string[];
}

/** The good backup of a database that is restored by `--latest`. */
export interface LastGood {
  id: string;
  takenAt: Date;
  sizeBytes: number;
  durationMs: number;
}

export interface DatabaseStatus {
  instance: string;
  /** Null: the instance's accounts. */
  database: string | null;
  /** Absent: there is none. */
  lastGood?: LastGood;
  /** Size of the good one before, in bytes. */
  sizeBefore?: number;
  /** When a backup of it last passed a rehearsal, and of which backup that was. */
  proof?: { at: Date; backup: string };
  /** Whether the last rehearsal of its newest backup failed. */
  failedRehearsal: boolean;
  /** The last time that its backup failed, if that is later than the last good one. */
  failure?: PastFailure;
  backups: number;
  sizeBytes: number;
  nextDeletion?: NextDeletion;
  /** `gone`: the last run of everything did not find it any more; `unconfigured`: its instance is not in the configuration. */
  standing: 'current' | 'gone' | 'unconfigured';
}

export interface StorageStatus {
  path: string;
  /** Bytes of all backups. */
  usedBytes: number;
  backups: number;
  freeBytes: number;
  totalBytes: number;
  /** Bytes by which the backups grew per day in the last week; absent where they are younger than a day. */
  growthPerDay?: number;
  /** Absent where they do not grow, or so slowly that nobody can tell. */
  daysUntilFull?: number;
}

export interface StatusReport {
  storage: StorageStatus;
  /** By instance and name; accounts last. */
  databases: DatabaseStatus[];
  /** Configured instances of which there is no backup, and why the last one failed. */
  neverBackedUp: { instance: string; failure?: PastFailure }[];
  warnings: string[];
}

/** What there is, from the storage alone: no server is asked. Throws VyaError `storage`. */
export async function status(
  job: StatusJob,
  { scan, trail }: StoredFacts,
  context: OperationContext,
): Promise<StatusReport> {
  const { basePath } = job.storage;
  const now = context.now();
  const failures = lastFailures(trail);
  const found = foundInLastRun(trail);
  const wanted = ({ instance }: { instance: string }): boolean =>
    job.only.length === 0 || job.only.includes(instance);
  const databases: DatabaseStatus[] = [];
  for (const { instance, database, entries } of placesOf(scan.backups, job.instances, found).filter(wanted)) {
    const configured = job.instances.some(({ id }) => id === instance);
    const standing = !configured ? 'unconfigured' : isGone(found, instance, database) ? 'gone' : 'current';
    const facts = describe(entries, job.retention, now, scan.warnings);
    const failure = failures.of(instance, database);
    const isNews = failure && failure.at > (facts.lastGood?.takenAt ?? new Date(0));
    databases.push({ instance, database, standing, ...facts, ...(isNews ? { failure } : {}) });
  }
  const known = new Set(databases.map(({ instance }) => instance));
  return {
    storage: await describeStorage(basePath, scan.backups, trail, now),
    databases,
    neverBackedUp: job.instances
      .filter(({ id }) => !known.has(id) && wanted({ instance: id }))
      .map(({ id }) => ({ instance: id, ...optional('failure', failures.ofInstance(id)) })),
    warnings: scan.warnings,
  };
}

interface PlaceEntries {
  instance: string;
  database: string | null;
  /** Newest first. */
  entries: BackupEntry[];
}

/** Every database that has backups, and those of which there should be some: the configuration names them, or the last run found them. */
function placesOf(
  backups: readonly BackupEntry[],
  instances: StatusJob['instances'],
  found: LastFound,
): PlaceEntries[] {
  const places = new Map<string, PlaceEntries>();
  const at = (instance: string, database: string | null): PlaceEntries => {
    const key = JSON.stringify([instance, database]);
    const place = places.get(key) ?? { instance, database, entries: [] };
    places.set(key, place);
    return place;
  };
  for (const entry of backups) at(entry.instance, entry.database).entries.push(entry);
  for (const { id, named } of instances) {
    for (const database of [...named, ...(found.get(id) ?? [])]) at(id, database);
  }
  return [...places.values()].toSorted(byName);
}

function byName(a: PlaceEntries, b: PlaceEntries): number {
  if (a.instance !== b.instance) return a.instance < b.instance ? -1 : 1;
  if (a.database === null || b.database === null)
    return Number(a.database === null) - Number(b.database === null);
  return a.database < b.database ? -1 : 1;
}

type Found = Omit<DatabaseStatus, 'instance' | 'database' | 'standing' | 'failure'>;

function describe(
  entries: readonly BackupEntry[],
  policy: RetentionPolicy,
  now: Date,
  warnings: string[],
): Found {
  const [good, before] = wholeOnes(entries, now, warnings);
  const proven = entries.find((entry) => entry.proven);
  return {
    ...(good ? { lastGood: lastGood(good) } : {}),
    ...(before ? { sizeBefore: before.sizeBytes } : {}),
    ...(proven?.proof ? { proof: { at: new Date(proven.proof.provenAt), backup: proven.id } } : {}),
    failedRehearsal: good?.proof?.passed === false,
    backups: entries.length,
    sizeBytes: entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    ...optional('nextDeletion', nextDeletion(entries.map(retentionInput), policy, now)),
  };
}

/** The newest two that are complete and have all their files. One that is dated in the future is none that can be counted on. */
function wholeOnes(entries: readonly BackupEntry[], now: Date, warnings: string[]): BackupEntry[] {
  const whole: BackupEntry[] = [];
  for (const entry of entries) {
    if (whole.length === 2) break;
    if (!retentionInput(entry).complete || entry.takenAt > now) continue;
    const damage = damageOf(entry);
    if (damage === undefined) whole.push(entry);
    else warnings.push(damage);
  }
  return whole;
}

function lastGood({ id, takenAt, sizeBytes, summary }: BackupEntry): LastGood {
  const [from, to] = [Date.parse(summary?.startedAt ?? ''), Date.parse(summary?.finishedAt ?? '')];
  return { id, takenAt, sizeBytes, durationMs: Math.max(0, to - from) };
}

/** Days: ten years from now nobody knows. */
const farAway = 3650;

async function describeStorage(
  path: string,
  backups: readonly BackupEntry[],
  trail: Parameters<typeof growthPerDay>[1],
  now: Date,
): Promise<StorageStatus> {
  const { freeBytes, totalBytes } = await freeSpace(path);
  const growth = growthPerDay(backups, trail, now);
  const usedBytes = backups.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return {
    path,
    usedBytes,
    backups: backups.length,
    freeBytes,
    totalBytes,
    ...optional('growthPerDay', growth),
    ...(growth !== undefined && growth * farAway > freeBytes ? { daysUntilFull: freeBytes / growth } : {}),
  };
}

function optional<Key extends string, T>(key: Key, value: T | undefined): Partial<Record<Key, T>> {
  return value === undefined ? {} : ({ [key]: value } as Record<Key, T>);
}
