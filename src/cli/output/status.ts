import { inWords } from '../../operations/health.ts';
import type { DatabaseStatus, StatusReport, StorageStatus } from '../../operations/status.ts';
import type { Outcome } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatBytes, formatCount, formatTime } from './format.ts';
import { describeProblems } from './problems.ts';

const header = [
  'INSTANCE',
  'DATABASE',
  'LAST GOOD',
  'AGE',
  'SIZE',
  'BACKUPS',
  'PROVEN',
  'NEXT TO GO',
  'NOTES',
];

/** The first ones first: how old the last good backup is stays to the end. */
const drop = ['NEXT TO GO', 'BACKUPS', 'SIZE', 'LAST GOOD', 'PROVEN'];

export function statusOutcome(report: StatusReport, now: Date): Outcome {
  const rows = report.databases.map((database) => rowOf(database, now));
  const table = rows.length > 0 ? [{ header, rows, right: ['SIZE', 'BACKUPS'], fold: ['NOTES'], drop }] : [];
  const never = report.neverBackedUp.map(
    ({ instance, failure }) =>
      `${instance} was never backed up${failure ? `; the last try failed at ${formatTime(failure.at)}: ${failure.message}` : ''}.`,
  );
  return {
    code: exitCodes.success,
    json: { status: 'ok', code: 0, ...report },
    text: [...table, ...never, ...describeProblems('storage', report), storageInWords(report.storage)],
  };
}

function rowOf(status: DatabaseStatus, now: Date): string[] {
  const { instance, database, lastGood, backups, sizeBytes, proof, nextDeletion } = status;
  const ago = (time: Date): string => inWords(now.getTime() - time.getTime());
  return [
    instance,
    database ?? '(accounts)',
    lastGood ? formatTime(lastGood.takenAt) : 'none',
    lastGood ? ago(lastGood.takenAt) : '',
    lastGood ? formatBytes(lastGood.sizeBytes) : '',
    `${backups} (${formatBytes(sizeBytes)})`,
    proof ? `${ago(proof.at)} ago` : database === null ? '' : 'never',
    nextDeletion
      ? `${nextDeletion.id.split('/').at(-1)} on ${nextDeletion.at.toISOString().slice(0, 10)}`
      : '',
    notesOf(status).join(', '),
  ];
}

function notesOf({ standing, failedRehearsal, failure }: DatabaseStatus): string[] {
  return [
    ...(standing === 'gone' ? ['not on the server any more'] : []),
    ...(standing === 'unconfigured' ? ['not in the configuration'] : []),
    ...(failedRehearsal ? ['failed its rehearsal'] : []),
    ...(failure ? [`failed on ${formatTime(failure.at)}: ${failure.message}`] : []),
  ];
}

function storageInWords({
  path,
  usedBytes,
  backups,
  freeBytes,
  totalBytes,
  ...growth
}: StorageStatus): string {
  const { growthPerDay, daysUntilFull } = growth;
  const used = `${path}: ${formatCount(backups, 'backup')}, ${formatBytes(usedBytes)}`;
  const free = `${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} free`;
  if (growthPerDay === undefined) return `${used}; ${free}.`;
  const full =
    daysUntilFull === undefined ? '' : `, full in about ${formatCount(Math.floor(daysUntilFull), 'day')}`;
  const sign = growthPerDay < 0 ? '-' : '+';
  return `${used}, ${sign}${formatBytes(Math.abs(growthPerDay))} per day; ${free}${full}.`;
}
