import { Command, Option } from '@commander-js/extra-typings';
import { VyaError } from '../../errors.ts';
import type { RestoreJob, RestoreReport } from '../../operations/restore/restore-job.ts';
import type { RestoredWithAccounts } from '../../operations/accounts/restore-with-accounts.ts';
import type { OpenBackup } from '../../storage/open-backup.ts';
import { accountsBackupBeside } from '../accounts-backup.ts';
import { atOption, credentialOption, fromOption, idOption, jobsOption, waitOption } from '../arguments.ts';
import type { CliContext, Outcome } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { parseMoment } from '../moment.ts';
import { nothingStored } from '../nothing-stored.ts';
import { accountsRestoreOutcome } from '../output/accounts-restore.ts';
import { formatCount, formatDuration, printable } from '../output/format.ts';
import { describeProblems } from '../output/problems.ts';
import { limitsOf } from '../output/proof.ts';
import { askConfirmation } from '../prompt.ts';
import { openSetup, type Setup } from '../setup.ts';
import { restoreWholeServer } from './restore-all.ts';

/** Which backup is meant: exactly one of `latest`, `at`, `id` and `file`. */
interface Selection {
  instance?: string | undefined;
  database?: string | undefined;
  latest?: true | undefined;
  at?: string | undefined;
  id?: string | undefined;
  file?: string | undefined;
}

export function restoreCommand(context: CliContext) {
  return new Command('restore')
    .option('--instance <id>', 'instance that the backup was made of')
    .option('--database <name>', 'database that the backup holds, by its exact name')
    .addOption(new Option('--latest', 'the newest backup').conflicts(['at', 'id', 'file']))
    .addOption(atOption())
    .addOption(idOption())
    .option('--file <path>', 'a backup directory from anywhere')
    .addOption(fromOption().conflicts('file'))
    .addOption(
      new Option('--all', 'accounts, and every database of the instance that has backups').conflicts([
        'database',
        'id',
        'file',
        'targetDatabase',
        'withAccounts',
      ]),
    )
    .addOption(
      new Option('--run <run>', 'with --all: the backups of this run, by the beginning of its id').conflicts([
        'latest',
        'at',
      ]),
    )
    .option('--target-instance <id>', 'instance to restore into (default: --instance)')
    .addOption(credentialOption())
    .option('--target-database <name>', 'name for the restored database (default: its own)')
    .option('--with-accounts', 'first the accounts that the database needs and that the target lacks')
    .option('--no-owner', 'PostgreSQL: everything belongs to the account that restores')
    .option('--no-acl', 'PostgreSQL: leave out grants')
    .option('--keep-old', 'keep a database that is replaced, under another name')
    .addOption(
      new Option(
        '--replace-in-place',
        'for servers without room for two copies: drop what is there before loading',
      ).conflicts('keepOld'),
    )
    .addOption(jobsOption('parallel jobs, where the archive allows it'))
    .option('--trust', 'load a dump even if it holds statements that could reach other databases')
    .option('--dry-run', 'say what would be done and what the target lacks; change nothing')
    .option('--force', 'replace an existing database without asking')
    .addOption(waitOption())
    .addHelpText('after', examples)
    .action(async (options, command) => {
      const setup = await openSetup(context, command);
      if (options.all) return await restoreWholeServer(context, setup, options);
      if (options.run !== undefined) throw onlyWithAll();
      const backup = await chooseBackup(setup, options);
      const target = setup.instance(
        options.targetInstance ?? options.instance ?? backup.manifest.instance.id,
        options.credential,
      );
      const { restore } = await import('../../operations/restore.ts');
      const job: RestoreJob = {
        backup,
        storage: setup.config.storage,
        open: target.open,
        database: options.targetDatabase ?? backup.manifest.database ?? '',
        noOwner: !options.owner,
        noAcl: !options.acl,
        keepOld: options.keepOld ?? false,
        trust: options.trust,
        inPlace: options.replaceInPlace ?? false,
        jobs: options.jobs,
        dryRun: options.dryRun ?? setup.config.dryRun,
        waitSeconds: options.wait,
        confirmReplace: async (existing) =>
          options.force ?? (await askConfirmation(context, question(existing, backup.manifest.id))),
      };
      if (!options.withAccounts) return context.finish(restoreOutcome(await restore(job, setup.operation)));
      const { restoreWithAccounts } = await import('../../operations/accounts/restore-with-accounts.ts');
      const beside = await accountsBackupBeside(setup, backup);
      context.finish(withAccounts(await restoreWithAccounts(job, beside, setup.operation)));
    });
}

function question(
  { instance, database, inPlace }: { instance: string; database: string; inPlace: boolean },
  backup: string,
): string {
  const name = `the database “${printable(database)}” on ${instance}`;
  if (!inPlace) return `Replace ${name} with ${backup}?`;
  return `Drop ${name} NOW, and load ${backup} afterwards? Until that has succeeded there is no such database; if it fails, the backup is all that is left.`;
}

const examples = `
Examples:
  vya restore --instance prod --database shop --latest --dry-run
  vya restore --instance prod --database shop --latest --target-database shop_copy
  vya restore --instance prod --database shop --latest --credential admin
  vya restore --instance prod --database shop --at "2026-01-09 02:00:00" --target-instance staging
  vya restore --instance prod --database shop --latest --target-instance new --with-accounts
  vya restore --file /mnt/usb/shop/20260109T020000Z --target-instance prod --no-owner --no-acl
  vya restore --instance prod --all --latest --target-instance new --credential admin
  vya restore --from /mnt/backups --instance prod --all --latest --target-instance new --dry-run

With --all, databases that are there already stay as they are, unless --force replaces them all; a second run does only what
is missing.
An existing database is replaced only when you say yes on a terminal, or with --force. It stays as it is until the new
one has been loaded and compared with the manifest: that takes room for two. --replace-in-place drops it first; when loading
fails then, nothing of it is left, and the same command has to be run again. Events of a copy under another name are created disabled.
--at is read in the time zone of the configuration, unless it names one (2026-01-09T02:00:00Z).`;

async function chooseBackup(setup: Setup, selection: Selection): Promise<OpenBackup> {
  const { scanBackups } = await import('../../storage/catalogue.ts');
  const { openBackup } = await import('../../storage/open-backup.ts');
  const { selectAt, selectById, selectLatest } = await import('../../storage/select.ts');
  if (selection.file !== undefined) return databaseBackup(await openBackup(selection.file));
  const { instance, database, at, id, latest } = selection;
  if (!latest && at === undefined && id === undefined) throw needsSelection();
  if (id === undefined && (instance === undefined || database === undefined)) throw needsPlace();
  const moment = at === undefined ? undefined : parseMoment(at, setup.config.retention.timezone);
  const { basePath } = setup.config.storage;
  const { backups } = await scanBackups({ basePath, instance, database });
  if (backups.length === 0 && id === undefined) throw await nothingStored(basePath, { instance, database });
  const entry =
    id !== undefined ? selectById(backups, id) : moment ? selectAt(backups, moment) : selectLatest(backups);
  return databaseBackup(await openBackup(entry.path));
}

function databaseBackup(backup: OpenBackup): OpenBackup {
  if (backup.manifest.kind === 'database') return backup;
  throw new VyaError('usage', `${backup.manifest.id} holds accounts, not a database`, {
    hint: 'vya users list shows what is in it, vya users restore restores it.',
  });
}

function needsSelection(): VyaError {
  return new VyaError('usage', 'Which backup? Give --latest, --at TIME, --id BACKUP or --file PATH', {
    hint: 'vya list shows what there is.',
  });
}

function onlyWithAll(): VyaError {
  return new VyaError('usage', '--run chooses backups of a whole server', {
    hint: 'Add --all, or choose one backup with --latest, --at or --id.',
  });
}

function needsPlace(): VyaError {
  return new VyaError('usage', 'Which database? Give --instance and --database', {
    hint: 'vya list shows what there is.',
  });
}

/** Two results in one: the accounts go before the database, as they did. */
function withAccounts({ database, accounts }: RestoredWithAccounts): Outcome {
  const [first, second] = [accountsRestoreOutcome(accounts), restoreOutcome(database)];
  return {
    code: first.code === 0 ? 0 : exitCodes.partial,
    json: {
      ...(second.json as object),
      ...(first.code === 0 ? {} : { status: 'partial', code: 1 }),
      accounts: first.json,
    },
    text: [first.text, second.text].flat(),
  };
}

function restoreOutcome(report: RestoreReport): Outcome {
  return { code: exitCodes.success, json: { status: 'ok', code: 0, ...report }, text: asText(report) };
}

function asText(report: RestoreReport): string {
  const target = `“${printable(report.database)}” on ${report.instance}`;
  const lines = report.dryRun
    ? [
        `Would restore ${report.backup} as ${target} (${formatCount(report.tables, 'table')}).`,
        report.replaced
          ? 'A database of that name exists and would be replaced.'
          : 'No database of that name exists.',
        'Nothing was changed. The archive is verified when the restore begins.',
      ]
    : [
        `Restored ${report.backup} as ${target}: ${formatCount(report.tables, 'table')} in ${formatDuration(report.durationMs)}.`,
        comparedInWords(report),
        ...(report.keptOldAs
          ? [`The database that it replaces is kept as “${printable(report.keptOldAs)}”.`]
          : []),
      ];
  if (report.disabledEvents.length > 0) {
    lines.push(
      `Events are disabled in a copy: ${report.disabledEvents.map(printable).join(', ')}. ALTER EVENT … ENABLE switches one on.`,
    );
  }
  return [...lines, ...describeProblems(report.database, report)].join('\n');
}

function comparedInWords({ compared = 'objects', exceptions = [] }: RestoreReport): string {
  const what = compared === 'contents' ? 'Every object and row is' : 'It is';
  return `${what} as the manifest says${limitsOf({ compared, exceptions })}.`;
}
