import type { AccountChange } from '../../db/accounts.ts';
import { asVyaError, VyaError } from '../../errors.ts';
import type { AccountSet } from '../../model/accounts.ts';
import type { InstanceTarget } from '../../model/instance.ts';
import type { OpenBackup } from '../../storage/open-backup.ts';
import { readAccountsBackup } from './account-files.ts';
import {
  type AccountResult,
  type AccountsRestoreReport,
  plannedResults,
  type StatementResult,
  waitingError,
} from './accounts-report.ts';
import { type AccountsWish, chooseAccounts } from './choose-accounts.ts';
import { audited } from '../audit.ts';
import type { OperationContext } from '../context.ts';
import type { Patience } from '../jobs.ts';
import { throwErrors } from '../backup/preflight.ts';
import { type Session, withSession } from '../session.ts';
import { assertWhole, withSharedBackup } from '../stored-backup.ts';

export interface AccountsRestoreJob extends Patience, AccountsWish {
  backup: OpenBackup;
  storage: { basePath: string };
  open(): Promise<InstanceTarget>;
  dryRun: boolean;
  /** Asked before accounts that exist are changed; answers false to refuse. */
  confirmChange(existing: { instance: string; accounts: readonly string[] }): Promise<boolean>;
}

/**
 * Makes the accounts of a server what they are in a backup: those that are missing are created, others are altered by their
 * difference. Accounts that the backup does not hold are left alone. A statement that fails does not stop the others; what was
 * done is not done again by a second run (F28).
 *
 * @throws VyaError `verification` for a damaged backup, `privileges` naming what the account lacks, `refused`; then nothing was changed
 */
export async function restoreAccounts(
  job: AccountsRestoreJob,
  context: OperationContext,
): Promise<AccountsRestoreReport> {
  const work = () => restoreFromBackup(job, context);
  if (job.dryRun) return await work();
  const event = { action: 'restore-accounts', database: null, backup: job.backup.manifest.id };
  return await audited(context, event, work, ({ instance, accounts }) => {
    const statements = accounts.flatMap((account) => account.statements);
    const failed = statements.some(({ status }) => status === 'failed');
    return { instance, result: failed ? 'partial' : 'ok' };
  });
}

async function restoreFromBackup(
  job: AccountsRestoreJob,
  context: OperationContext,
): Promise<AccountsRestoreReport> {
  return await withSharedBackup(job, 'vya users restore', context, async () => {
    const target = await job.open();
    return await withSession(target, context, async (session) => {
      await assertWhole(job.backup, session.engine, undefined, context, { forLoading: false });
      const backup = await readAccountsBackup(job.backup, context);
      const warnings = checkSource(backup, session);
      return await restoreInto(job, backup, warnings, session, context);
    });
  });
}

/** Warnings; throws VyaError `usage` for accounts of another flavour. */
function checkSource({ source }: AccountSet, { adapter: { server } }: Session): string[] {
  if (source.flavour !== server.flavour) {
    throw new VyaError('usage', `Accounts of ${source.flavour} cannot be restored on ${server.versionText}`, {
      hint: 'Their hashes and privileges are not the same. Choose a target of the same flavour.',
    });
  }
  if (source.server.major <= server.version.major) return [];
  return [
    `the backup is of version ${source.server.text} and the target is older (${server.version.text}): statements that it does not know will fail`,
  ];
}

async function restoreInto(
  job: AccountsRestoreJob,
  backup: AccountSet,
  warnings: string[],
  session: Session,
  context: OperationContext,
): Promise<AccountsRestoreReport> {
  const { adapter, engine } = session;
  const present = await adapter.accounts();
  if (backup.source.partialRevokes !== present.source.partialRevokes) {
    warnings.push(
      'partial_revokes differs between source and target: `_` and `%` in grants mean something else',
    );
  }
  const { wanted, kept, added } = chooseAccounts(engine, backup, present, job);
  for (const { name } of added) warnings.push(`the role ${name} comes along: the target lacks it`);
  const set = { ...backup, accounts: wanted };
  const changes = engine.planAccounts(set, present);
  const { results, ofChange } = plannedResults(wanted, changes);
  const report: AccountsRestoreReport = {
    backup: job.backup.manifest.id,
    instance: adapter.target.id,
    dryRun: job.dryRun,
    accounts: [
      ...results,
      ...kept.map(({ account, reason }) => ({
        ...plannedResults([account], []).results[0]!,
        status: 'kept' as const,
        reason,
      })),
    ],
    differences: [],
    warnings,
  };
  await findWaiting(changes, ofChange, session);
  throwErrors(await adapter.accountFindings(changes, present), warnings);
  if (job.dryRun || changes.length === 0) return report;
  await confirm(job, report);
  await runChanges(changes, ofChange, session, context);
  report.differences = remaining(engine.planAccounts(set, await adapter.accounts()), changes, ofChange);
  return report;
}

/** Grants on objects that are not there are not tried: MySQL refuses them. */
async function findWaiting(
  changes: readonly AccountChange[],
  ofChange: ReadonlyMap<AccountChange, StatementResult>,
  { adapter }: Session,
): Promise<void> {
  for (const change of changes) {
    const result = ofChange.get(change);
    if (!result || !change.waitsFor || (await adapter.accountObjectExists(change.waitsFor))) continue;
    result.status = 'waiting';
    result.error = waitingError(change);
  }
}

async function confirm(
  job: AccountsRestoreJob,
  { instance, accounts }: AccountsRestoreReport,
): Promise<void> {
  // MariaDB's PUBLIC is always there: what it is granted besides is like a new account.
  const added = ({ account, statements }: AccountResult): boolean =>
    account === 'PUBLIC' && statements.every(({ kind }) => kind === 'grant');
  const changed = accounts.flatMap((each) =>
    each.status === 'change' && !added(each) ? [each.account] : [],
  );
  if (changed.length === 0 || (await job.confirmChange({ instance, accounts: changed }))) return;
  throw new VyaError(
    'refused',
    `Accounts of ${instance} would be changed, and that was not confirmed: ${changed.join(', ')}`,
    {
      hint: '--dry-run shows the difference, --force changes them, --skip-existing leaves them alone.',
    },
  );
}

async function runChanges(
  changes: readonly AccountChange[],
  ofChange: ReadonlyMap<AccountChange, StatementResult>,
  { adapter }: Session,
  context: OperationContext,
): Promise<void> {
  for (const change of changes) {
    const result = ofChange.get(change);
    if (!result || result.status === 'waiting') continue;
    if (context.signal.aborted) throw interrupted(ofChange);
    try {
      await adapter.changeAccount(change);
      result.status = 'done';
      context.log.info({ instance: adapter.target.id }, change.shown);
    } catch (error) {
      if (context.signal.aborted) throw interrupted(ofChange);
      const known = asVyaError(error);
      if (known.kind === 'unexpected' || known.kind === 'connection') throw error;
      Object.assign(result, { status: 'failed', error: known });
      context.log.error({ instance: adapter.target.id, kind: known.kind }, known.message);
    }
  }
}

/** Statements that are done stay done. */
function interrupted(ofChange: ReadonlyMap<AccountChange, StatementResult>): VyaError {
  const done = [...ofChange.values()].filter(({ status }) => status === 'done').length;
  return new VyaError('interrupted', `Ended after ${done} of ${ofChange.size} statements`, {
    hint: 'Run again: it does only what is missing.',
  });
}

/** What a second run would do beyond what failed or waits: nothing, where the server took every statement as it was meant. */
function remaining(
  left: readonly AccountChange[],
  changes: readonly AccountChange[],
  ofChange: ReadonlyMap<AccountChange, StatementResult>,
): string[] {
  const known = new Set(
    changes.flatMap((change) => (ofChange.get(change)?.status === 'done' ? [] : [change.account])),
  );
  return left.flatMap(({ account, shown }) => (known.has(account) ? [] : [shown]));
}
