import { asVyaError, VyaError } from '../../errors.ts';
import type { InstanceTarget } from '../../model/instance.ts';
import type { OpenBackup } from '../../storage/open-backup.ts';
import type { Proof } from '../../storage/marks.ts';
import { writeProof } from '../../storage/write-marks.ts';
import { summarize } from './compare.ts';
import type { Comparison } from './compare-contents.ts';
import { audited } from '../audit.ts';
import type { OperationContext } from '../context.ts';
import { loadAndCompare, withFreshDatabase } from './fresh-database.ts';
import { inventoryOf } from './load.ts';
import { settleLeftovers } from './leftovers.ts';
import { throwErrors } from '../backup/preflight.ts';
import { roomFindings } from './room.ts';
import { type Session, withSession } from '../session.ts';
import { largestOf } from '../stored-backup.ts';

export interface Rehearsal {
  /** Where the scratch database is made. */
  open(): Promise<InstanceTarget>;
  jobs: number;
  vya: string;
  /** Whether what killed runs have left there is settled first; the backup that has just been made has done so. */
  settle: boolean;
}

/**
 * Restores a backup into a scratch database, compares that with the manifest, drops it, and records the outcome beside the
 * backup. Events are created disabled and never run. On another instance than its own, owners and grants are left out:
 * they belong to roles that need not exist there.
 *
 * @throws VyaError `verification` when it does not load or differs; other kinds when the rehearsal could not be held
 */
export async function rehearse(
  backup: OpenBackup,
  rehearsal: Rehearsal,
  context: OperationContext,
): Promise<{ warnings: string[]; proof: Proof }> {
  const { id, instance, database } = backup.manifest;
  const event = { action: 'rehearse', instance: instance.id, database, backup: id };
  return await audited(
    context,
    event,
    () => hold(backup, rehearsal, context),
    () => ({}),
  );
}

async function hold(
  backup: OpenBackup,
  rehearsal: Rehearsal,
  context: OperationContext,
): Promise<{ warnings: string[]; proof: Proof }> {
  const target = await rehearsal.open();
  const work = async (session: Session): Promise<{ warnings: string[]; proof: Proof }> => {
    const warnings = rehearsal.settle ? await settleLeftovers(session, { act: true }) : [];
    await preflight(backup, session, warnings);
    const { failure, compared, exceptions } = await outcomeOf(backup, rehearsal, session, context);
    const proof: Proof = {
      format: 'vya-proof',
      version: 1,
      provenAt: context.now().toISOString(),
      passed: failure === undefined,
      exact: compared === 'contents',
      compared,
      exceptions,
      target: target.id,
      vya: rehearsal.vya,
    };
    await writeProof(backup.path, proof);
    if (failure) throw failure;
    return { warnings, proof };
  };
  return await withSession(target, context, work, backup.manifest.oldestClient);
}

/** What the target lacks says nothing about the backup, and is no failed rehearsal. */
async function preflight(backup: OpenBackup, session: Session, warnings: string[]): Promise<void> {
  const { flavour, version } = backup.manifest.server;
  const { programs } = session;
  const needs = { ...leftOut(backup, session), source: { flavour, version }, programs };
  const inventory = inventoryOf(backup);
  const findings = [
    ...(await session.adapter.restoreFindings(inventory, needs)),
    ...(await roomFindings(
      session.adapter,
      inventory,
      'rehearse on another instance with --target-instance',
    )),
  ];
  throwErrors(findings, warnings);
}

interface Outcome extends Pick<Comparison, 'compared' | 'exceptions'> {
  failure?: VyaError;
}

async function outcomeOf(
  backup: OpenBackup,
  { jobs, settle }: Rehearsal,
  session: Session,
  context: OperationContext,
): Promise<Outcome> {
  const { id, database, inventoryStable } = backup.manifest;
  // What has just been made is read to its end for the first time.
  const inspect = settle ? undefined : { statements: false, largest: largestOf(backup) };
  const options = { ...leftOut(backup, session), jobs, sourceDatabase: database ?? '', inspect };
  const inventory = inventoryOf(backup);
  return await withFreshDatabase(session, inventory, 'rehearsal', context, async (scratch) => {
    try {
      const request = { database: scratch, options };
      const comparison = await loadAndCompare(session, backup, request, `rehearse ${id}`, context);
      const { objects, contents } = comparison;
      const differences = [...contents, ...(inventoryStable ? objects : [])];
      if (differences.length === 0) return comparison;
      const reason = `what was restored differs from the manifest: ${summarize(differences)}`;
      return { ...comparison, failure: failed(reason) };
    } catch (error) {
      context.signal.throwIfAborted();
      const { kind, message } = asVyaError(error);
      // A server that went away, or a bug, says nothing about the backup.
      if (kind === 'connection' || kind === 'unexpected') throw error;
      return { compared: 'objects', exceptions: [], failure: failed(message, error) };
    }
  });
}

function failed(reason: string, cause?: unknown): VyaError {
  return new VyaError('verification', `The rehearsal failed: ${reason}`, {
    cause,
    hint: 'This backup cannot be counted on. Mend what the message names, and make another one.',
  });
}

function leftOut(backup: OpenBackup, { adapter }: Session): { noOwner: boolean; noAcl: boolean } {
  const elsewhere = adapter.target.id !== backup.manifest.instance.id;
  return { noOwner: elsewhere, noAcl: elsewhere };
}
