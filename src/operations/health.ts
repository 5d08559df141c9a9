import type { DatabaseStatus, StatusReport } from './status.ts';

/** Durations in milliseconds; 0 turns a check off. */
export interface HealthThresholds {
  warningAgeMs: number;
  criticalAgeMs: number;
  shrinkPercent: number;
  proofAgeMs: number;
  fullWithinMs: number;
}

export type HealthLevel = 'ok' | 'warning' | 'critical';

export interface HealthFinding {
  level: 'warning' | 'critical';
  /** `prod/shop`, `prod`, or the storage's path. */
  subject: string;
  message: string;
}

export interface HealthVerdict {
  level: HealthLevel;
  findings: HealthFinding[];
  /** How many databases were judged. */
  databases: number;
  /** Age of the oldest among their last good backups. */
  oldestMs?: number;
}

const dayMs = 86_400_000;

/** One verdict over everything that is configured, the worst first. Databases that are gone from their server are not judged. */
export function judgeHealth(report: StatusReport, thresholds: HealthThresholds, now: Date): HealthVerdict {
  const judged = report.databases.filter(({ standing }) => standing === 'current');
  const findings = [
    ...report.neverBackedUp.map(({ instance, failure }) =>
      critical(instance, `was never backed up${failure ? `: ${failure.message}` : ''}`),
    ),
    ...judged.flatMap((database) => judgeDatabase(database, thresholds, now)),
    ...judgeStorage(report, thresholds),
    ...report.warnings.map((message) => warning('storage', message)),
  ];
  const ages = judged.flatMap(({ lastGood }) =>
    lastGood ? [now.getTime() - lastGood.takenAt.getTime()] : [],
  );
  const isCritical = ({ level }: HealthFinding): boolean => level === 'critical';
  return {
    level: findings.some(isCritical) ? 'critical' : findings.length > 0 ? 'warning' : 'ok',
    findings: [...findings.filter(isCritical), ...findings.filter((finding) => !isCritical(finding))],
    databases: judged.length,
    ...(ages.length > 0 ? { oldestMs: Math.max(...ages) } : {}),
  };
}

function judgeDatabase(
  { instance, database, lastGood, sizeBefore, proof, failedRehearsal, failure }: DatabaseStatus,
  thresholds: HealthThresholds,
  now: Date,
): HealthFinding[] {
  const subject = `${instance}/${database ?? 'accounts'}`;
  const because = failure ? `; the last try failed: ${failure.message}` : '';
  if (!lastGood) return [critical(subject, `has no good backup${because}`)];
  const findings: HealthFinding[] = [];
  const { warningAgeMs, criticalAgeMs, shrinkPercent, proofAgeMs } = thresholds;
  const age = now.getTime() - lastGood.takenAt.getTime();
  const old = `the last good backup is ${inWords(age)} old`;
  if (criticalAgeMs > 0 && age > criticalAgeMs) findings.push(critical(subject, old + because));
  else if (warningAgeMs > 0 && age > warningAgeMs) findings.push(warning(subject, old + because));
  else if (failure) findings.push(warning(subject, `the last backup failed: ${failure.message}`));
  if (failedRehearsal) findings.push(critical(subject, `${lastGood.id} failed its rehearsal`));
  const shrunk = sizeBefore ? 100 * (1 - lastGood.sizeBytes / sizeBefore) : 0;
  if (database !== null && shrinkPercent > 0 && shrunk > shrinkPercent) {
    findings.push(warning(subject, `the last backup is ${Math.round(shrunk)} % smaller than the one before`));
  }
  if (database !== null && proofAgeMs > 0) {
    const since = proof ? now.getTime() - proof.at.getTime() : undefined;
    if (since === undefined) findings.push(warning(subject, 'no backup has passed a rehearsal'));
    else if (since > proofAgeMs)
      findings.push(warning(subject, `the last passed rehearsal was ${inWords(since)} ago`));
  }
  return findings;
}

function judgeStorage({ storage }: StatusReport, { fullWithinMs }: HealthThresholds): HealthFinding[] {
  const { daysUntilFull, path } = storage;
  if (fullWithinMs === 0 || daysUntilFull === undefined || daysUntilFull * dayMs > fullWithinMs) return [];
  return [
    warning(path, `will be full in ${inWords(daysUntilFull * dayMs)}, if it grows as in the last week`),
  ];
}

function critical(subject: string, message: string): HealthFinding {
  return { level: 'critical', subject, message };
}

function warning(subject: string, message: string): HealthFinding {
  return { level: 'warning', subject, message };
}

/** `9 hours`, `3 days`: as people say it, rounded down. */
export function inWords(milliseconds: number): string {
  const hours = Math.floor(milliseconds / 3_600_000);
  if (hours < 1) return `${Math.max(0, Math.floor(milliseconds / 60_000))} minutes`;
  return hours < 48 ? `${hours} ${hours === 1 ? 'hour' : 'hours'}` : `${Math.floor(hours / 24)} days`;
}
