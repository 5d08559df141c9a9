import { Command, Option } from '@commander-js/extra-typings';
import { VyaError } from '../../errors.ts';
import type { VerifyResult } from '../../operations/verify.ts';
import type { Rehearsal } from '../../operations/restore/rehearse.ts';
import type { BackupEntry } from '../../storage/backup-entry.ts';
import type { OpenBackup } from '../../storage/open-backup.ts';
import { credentialOption, fromOption, jobsOption, waitOption } from '../arguments.ts';
import type { CliContext, Outcome } from '../context.ts';
import { exitCodeOfMany } from '../exit-codes.ts';
import { formatBytes, formatDuration } from '../output/format.ts';
import { nothingStored } from '../nothing-stored.ts';
import { errorAsJson, statusAsJson } from '../output/print.ts';
import { describeProblems, withSubject } from '../output/problems.ts';
import { proofInWords } from '../output/proof.ts';
import { openSetup } from '../setup.ts';

export function verifyCommand(context: CliContext) {
  return new Command('verify')
    .option('--instance <id>', 'only this instance')
    .option('--database <name>', 'only this database')
    .addOption(
      new Option('--latest', 'the newest backup of each database (default)').conflicts(['all', 'id']),
    )
    .addOption(new Option('--all', 'every backup').conflicts('id'))
    .option('--id <backup>', 'this backup: any tail of its id that fits only one')
    .option('--rehearse', 'restore each into a scratch database, compare it with the manifest, and drop it')
    .option('--target-instance <id>', 'where to rehearse (default: the instance that the backup was made of)')
    .addOption(credentialOption())
    .addOption(jobsOption('parallel jobs of a rehearsal, where the archive allows it'))
    .addOption(fromOption())
    .addOption(waitOption())
    .addHelpText('after', examples)
    .action(async (options, command) => {
      const setup = await openSetup(context, command);
      const { scanBackups } = await import('../../storage/catalogue.ts');
      const { selectById } = await import('../../storage/select.ts');
      const { verify } = await import('../../operations/verify.ts');
      const { basePath } = setup.config.storage;
      const { backups, warnings } = await scanBackups({
        basePath,
        instance: options.instance,
        database: options.database,
      });
      const complete = backups.filter((entry) => entry.complete);
      const { instance, database } = options;
      if (backups.length === 0 && options.id === undefined)
        throw await nothingStored(basePath, { instance, database });
      if (complete.length === 0 && options.id === undefined) throw noneComplete(basePath);
      const chosen = options.id
        ? [selectById(backups, options.id)]
        : options.all
          ? complete
          : newestOfEach(complete);
      const rehearsal = ({ manifest }: OpenBackup): Rehearsal => ({
        open: () => setup.instance(options.targetInstance ?? manifest.instance.id, options.credential).open(),
        jobs: options.jobs,
        vya: setup.version,
        settle: true,
      });
      const job = {
        backups: chosen,
        storage: { basePath },
        rehearsal: options.rehearse ? rehearsal : undefined,
        waitSeconds: options.wait,
      };
      context.finish(verifyOutcome(await verify(job, setup.operation), warnings));
    });
}

const examples = `
Examples:
  vya verify                                   the newest backup of every database
  vya verify --instance prod --all             everything of one instance
  vya verify --id shop/20260109T020000Z        one backup
  vya verify --rehearse --target-instance test restore each, compare it, drop it again

Without --rehearse, checksums are compared and every archive is read to its end, as a restore would read it. A rehearsal
compares tables, views, routines, triggers, events, sequences, extensions and encoding with what the manifest recorded, and
every row of every table where the backup was made with --exact or --rehearse: "proven"; without, "proven (objects only)".
It is noted beside the backup: list shows it, and prune keeps the newest backup that passed.

Exit code 8 means that every backup that was looked at is damaged, 1 that some are.`;

function newestOfEach(backups: readonly BackupEntry[]): BackupEntry[] {
  const newest = new Map<string, BackupEntry>();
  for (const entry of backups) {
    const place = JSON.stringify([entry.instance, entry.database]);
    if (!newest.has(place)) newest.set(place, entry);
  }
  return [...newest.values()];
}

function noneComplete(basePath: string): VyaError {
  return new VyaError('not-found', `None of these backups in ${basePath} is complete`, {
    hint: 'vya list shows them, and what is wrong with them.',
  });
}

function verifyOutcome(results: readonly VerifyResult[], warnings: readonly string[]): Outcome {
  const code = exitCodeOfMany(results.map(({ error }) => error?.kind ?? 'ok'));
  const rows = results.map(({ id, status, proof, sizeBytes, durationMs }) => [
    id,
    status === 'ok' ? (proof ? proofInWords(proof) : 'whole') : 'FAILED',
    formatBytes(sizeBytes),
    formatDuration(durationMs),
  ]);
  return {
    code,
    json: {
      ...statusAsJson(
        code,
        results.map(({ id, error }) => withSubject(id, error)),
      ),
      warnings,
      backups: results.map(({ error, ...result }) => ({
        ...result,
        ...(error ? { error: errorAsJson(error) } : {}),
      })),
    },
    text: [
      {
        header: ['BACKUP', 'STATUS', 'SIZE', 'TIME'],
        rows,
        right: ['SIZE', 'TIME'],
        fold: ['STATUS'],
        drop: ['TIME', 'SIZE'],
      },
      ...results.flatMap((result) => describeProblems(result.id, result)),
      ...describeProblems('storage', { warnings }),
    ],
  };
}
