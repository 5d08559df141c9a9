import { Command } from '@commander-js/extra-typings';
import type { BackupEntry } from '../../storage/backup-entry.ts';
import type { VyaError } from '../../errors.ts';
import { count, day, fromOption } from '../arguments.ts';
import type { CliContext, Outcome, Text } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { nothingStored } from '../nothing-stored.ts';
import { formatBytes, formatTime } from '../output/format.ts';
import type { Table } from '../output/table.ts';
import { describeProblems } from '../output/problems.ts';
import { proofInWords } from '../output/proof.ts';
import { openSetup } from '../setup.ts';

export function listCommand(context: CliContext) {
  return new Command('list')
    .option('--instance <id>', 'only this instance')
    .option('--database <name>', 'only this database')
    .option('--date <YYYY-MM-DD>', 'only backups of this day, in the time zone of the configuration', day)
    .option('--limit <n>', 'at most so many', count)
    .addOption(fromOption())
    .addHelpText('after', examples)
    .action(async (options, command) => {
      const setup = await openSetup(context, command);
      const { scanBackups } = await import('../../storage/catalogue.ts');
      const { dayIn } = await import('../../retention/calendar.ts');
      const { timezone } = setup.config.retention;
      const { date } = options;
      const scan = await scanBackups({
        basePath: setup.config.storage.basePath,
        instance: options.instance,
        database: options.database,
        when: date === undefined ? undefined : (takenAt) => dayIn(takenAt, timezone) === date,
        limit: options.limit,
      });
      const { instance, database } = options;
      const named = instance !== undefined || database !== undefined;
      const none =
        scan.backups.length === 0 && named && date === undefined
          ? await nothingStored(setup.config.storage.basePath, { instance, database })
          : undefined;
      context.finish(listOutcome(scan.backups, scan.warnings, none));
    });
}

const examples = `
Examples:
  vya list --limit 20
  vya list --instance prod --database shop --date 2026-01-09
  vya list --format json | jq -r '.backups[].id'

Times are UTC. The BACKUP column is what --id takes; any tail of it that fits only one backup will do.`;

/** @param none why there are none, where names that were given may be the reason */
function listOutcome(
  backups: readonly BackupEntry[],
  warnings: readonly string[],
  none: VyaError | undefined,
): Outcome {
  return {
    code: exitCodes.success,
    get json() {
      return { status: 'ok', backups: backups.map(entryAsJson), warnings };
    },
    get text() {
      return listAsText(backups, warnings, none);
    },
  };
}

function listAsText(
  backups: readonly BackupEntry[],
  warnings: readonly string[],
  none: VyaError | undefined,
): Text {
  const rows = backups.map((entry) => [
    formatTime(entry.takenAt),
    entry.instance,
    entry.database ?? '(accounts)',
    formatBytes(entry.sizeBytes),
    notesOf(entry).join(', '),
    entry.id,
  ]);
  const table: Table = {
    header: ['TAKEN', 'INSTANCE', 'DATABASE', 'SIZE', 'NOTES', 'BACKUP'],
    rows,
    right: ['SIZE'],
    fold: ['NOTES'],
    // The backup's id holds all three.
    drop: ['INSTANCE', 'DATABASE', 'TAKEN', 'SIZE'],
  };
  const empty = none ? `${none.message}. ${none.hint}` : 'There are no backups here yet.';
  const lines = rows.length > 0 ? [table] : [empty];
  return [...lines, ...describeProblems('storage', { warnings })];
}

function notesOf({ complete, pinned, proven, proof, summary }: BackupEntry): string[] {
  const notes: string[] = [];
  if (!complete) notes.push('not complete');
  if (summary?.partial) notes.push('partial');
  if (pinned) notes.push('pinned');
  if (proof) notes.push(proven ? proofInWords(proof) : 'failed its rehearsal');
  if (summary && summary.warnings.length > 0) notes.push(`${summary.warnings.length} warnings`);
  return notes;
}

/** A backup as the JSON documents of `list` hold it. */
function entryAsJson({ takenAt, summary, sequence: _, ...entry }: BackupEntry): unknown {
  return {
    ...entry,
    takenAt: takenAt.toISOString(),
    ...(summary
      ? { run: summary.run, server: summary.server, partial: summary.partial, warnings: summary.warnings }
      : {}),
  };
}
