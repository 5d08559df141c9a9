import { planRetention } from '../retention/gfs.ts';
import type { AuditRecord } from '../storage/audit-trail.ts';
import type { BackupEntry } from '../storage/backup-entry.ts';
import { retentionInput } from '../storage/catalogue.ts';
import { damageOf } from '../storage/stored-sizes.ts';
import type { OperationContext } from './context.ts';
import { type Attempt, type Day, daysOf } from './report/days.ts';
import { readStoredFacts } from './status/stored-facts.ts';
import { type DatabaseStatus, status, type StatusJob, type StatusReport } from './status.ts';

/** One backup that was made, whether it is still there or not. */
export interface Made {
  at: Date;
  bytes: number;
  durationMs: number;
}

export interface DatabaseReport {
  status: DatabaseStatus;
  /** Oldest first. */
  days: Day[];
  /** Oldest first. */
  made: Made[];
}

export interface PastProblem {
  at: Date;
  subject: string;
  message: string;
}

export interface ReportData {
  now: Date;
  timezone: string;
  status: StatusReport;
  databases: DatabaseReport[];
  /** Newest first. */
  problems: PastProblem[];
}

/** Whole weeks and the one that has begun: a year at a glance. */
const dayCount = 53 * 7;
const mostProblems = 50;

/** Everything that the report shows, from the storage alone. Throws VyaError `storage`. */
export async function readReport(job: StatusJob, context: OperationContext): Promise<ReportData> {
  const now = context.now();
  const facts = await readStoredFacts(job.storage.basePath);
  const { scan, trail } = facts;
  const found = await status(job, facts, context);
  const ofPlace = Map.groupBy(scan.backups, ({ instance, database }) => keyOf(instance, database));
  return {
    now,
    timezone: job.retention.timezone,
    status: found,
    databases: found.databases.map((each) => {
      const key = keyOf(each.instance, each.database);
      return describe(each, ofPlace.get(key) ?? [], attemptsOf(trail, each), job, now);
    }),
    problems: problemsOf(trail),
  };
}

function describe(
  each: DatabaseStatus,
  entries: readonly BackupEntry[],
  attempts: readonly (Attempt & Partial<Made>)[],
  { retention }: StatusJob,
  now: Date,
): DatabaseReport {
  const decisions = new Map(
    planRetention(entries.map(retentionInput), retention, now).map((decision) => [decision.id, decision]),
  );
  const stored = entries.flatMap((entry) => {
    const decision = decisions.get(entry.id);
    return decision ? [{ entry, decision, isWhole: entry.complete && damageOf(entry) === undefined }] : [];
  });
  return {
    status: each,
    days: daysOf(stored, attempts, retention.timezone, { now, count: dayCount }),
    made: madeOf(entries, attempts),
  };
}

/** Those of the audit trail, and those that are stored and were made before there was one. */
function madeOf(entries: readonly BackupEntry[], attempts: readonly (Attempt & Partial<Made>)[]): Made[] {
  const made = new Map<string, Made>();
  for (const { at, good, backup, bytes, durationMs } of attempts) {
    if (good && backup !== undefined && bytes !== undefined)
      made.set(backup, { at, bytes, durationMs: durationMs ?? 0 });
  }
  for (const { id, takenAt, sizeBytes, summary } of entries) {
    if (made.has(id) || !summary) continue;
    const durationMs = Math.max(0, Date.parse(summary.finishedAt) - Date.parse(summary.startedAt));
    made.set(id, { at: takenAt, bytes: sizeBytes, durationMs });
  }
  return [...made.values()].toSorted((a, b) => a.at.getTime() - b.at.getTime());
}

function attemptsOf(
  trail: readonly AuditRecord[],
  { instance, database }: DatabaseStatus,
): (Attempt & Partial<Made>)[] {
  return trail.flatMap(({ at, databases = [] }) =>
    databases
      .filter(
        (each) => each.instance === instance && (each.database === database || each.database === undefined),
      )
      .map(({ result, backup, bytes, durationMs }) => ({
        at: new Date(at),
        good: result !== 'failed',
        backup,
        ...(bytes === undefined ? {} : { bytes }),
        ...(durationMs === undefined ? {} : { durationMs }),
      })),
  );
}

function problemsOf(trail: readonly AuditRecord[]): PastProblem[] {
  const problems = trail.flatMap(({ at, action, error, instance, database, databases = [] }) => [
    ...(error
      ? [{ at: new Date(at), subject: subjectOf(action, instance, database), message: error.message }]
      : []),
    ...databases.flatMap((each) =>
      each.error
        ? [
            {
              at: new Date(at),
              subject: subjectOf(action, each.instance, each.database),
              message: each.error.message,
            },
          ]
        : [],
    ),
  ]);
  return problems.toReversed().slice(0, mostProblems);
}

function subjectOf(
  action: string,
  instance: string | undefined,
  database: string | null | undefined,
): string {
  const place = [instance, database === null ? '(accounts)' : database].filter((part) => part !== undefined);
  return [action, place.join('/')].filter((part) => part !== '').join(' ');
}

function keyOf(instance: string, database: string | null): string {
  return JSON.stringify([instance, database]);
}
