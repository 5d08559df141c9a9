import type { VyaError } from '../../errors.ts';
import { type AuditEvent, errorForAudit } from '../audit.ts';
import type { BackupReport, InstanceResult } from './backup-report.ts';

type Part = NonNullable<AuditEvent['databases']>[number];

/** What the audit trail says of a run: what became of each database, and of each instance that failed as a whole. */
export function describeRun({ instances }: Pick<BackupReport, 'instances'>): Partial<AuditEvent> {
  const databases = instances.flatMap(describeInstance);
  const failed = databases.filter(({ result }) => result === 'failed').length;
  const result = failed === 0 ? 'ok' : failed < databases.length ? 'partial' : 'failed';
  return { result, databases };
}

function describeInstance({ instance, error, databases, accounts }: InstanceResult): Part[] {
  return [
    ...(error ? [{ instance, result: 'failed' as const, error: errorForAudit(error) }] : []),
    ...databases.map((each) => describe(instance, each.database, each)),
    ...(accounts ? [describe(instance, null, accounts)] : []),
  ];
}

interface Backed {
  status: string;
  id?: string;
  sizeBytes: number;
  durationMs: number;
  error?: VyaError;
}

function describe(
  instance: string,
  database: string | null,
  { status, id, sizeBytes, durationMs, error }: Backed,
): Part {
  return {
    instance,
    database,
    result: status === 'failed' ? 'failed' : 'ok',
    durationMs,
    ...(id === undefined ? {} : { backup: id, bytes: sizeBytes }),
    ...(error ? { error: errorForAudit(error) } : {}),
  };
}
