import { Command } from '@commander-js/extra-typings';
import type { PruneResult } from '../../operations/prune.ts';
import { severalOption, waitOption } from '../arguments.ts';
import type { CliContext, Outcome } from '../context.ts';
import { exitCodeOfMany } from '../exit-codes.ts';
import { formatBytes } from '../output/format.ts';
import { errorAsJson, statusAsJson } from '../output/print.ts';
import { describeProblems } from '../output/problems.ts';
import { nothingStored } from '../nothing-stored.ts';
import { openSetup, type Setup } from '../setup.ts';

export function pruneCommand(context: CliContext) {
  return new Command('prune')
    .addOption(severalOption('--instance <id>', 'only this instance'))
    .addOption(severalOption('--database <name>', 'only this database'))
    .option('--dry-run', 'print what would be deleted; delete nothing')
    .addOption(waitOption())
    .addHelpText('after', examples)
    .action(async (options, command) => {
      const setup = await openSetup(context, command);
      const { prune } = await import('../../operations/prune.ts');
      const dryRun = options.dryRun ?? setup.config.dryRun;
      const results = await prune(
        {
          storage: setup.config.storage,
          retention: setup.config.retention,
          instances: options.instance.length > 0 ? options.instance : undefined,
          databases: options.database.length > 0 ? options.database : undefined,
          dryRun,
          waitSeconds: options.wait,
        },
        setup.operation,
      );
      if (results.length === 0) await assertKnown(setup, options);
      context.finish(pruneOutcome(results, dryRun));
    });
}

/** A configured server may have no backups yet; a name that nothing is known of is a mistake. Throws VyaError `not-found`. */
async function assertKnown(
  { config }: Setup,
  { instance, database }: { instance: readonly string[]; database: readonly string[] },
): Promise<void> {
  const unknown = instance.find((name) => config.instances.every(({ id }) => id !== name));
  if (unknown === undefined && database.length === 0) return;
  throw await nothingStored(config.storage.basePath, {
    instance: unknown ?? instance[0],
    database: unknown === undefined ? database[0] : undefined,
  });
}

const examples = `
Examples:
  vya prune --dry-run                          what retention would delete, and why the rest stays
  vya prune --instance prod --database shop

Never deleted: the newest complete backup of a database, one that is pinned, the newest one that passed a rehearsal,
and anything that vya did not write. Also instances that are no longer configured are looked at.`;

function pruneOutcome(results: readonly PruneResult[], dryRun: boolean): Outcome {
  const code = exitCodeOfMany(results.map(({ error }) => error?.kind ?? 'ok'));
  const rows = results.flatMap((result) =>
    result.decisions.map(({ id, keep, reasons, sizeBytes }) => [
      keep ? 'keep' : dryRun ? 'would delete' : result.deleted.includes(id) ? 'deleted' : 'delete failed',
      id,
      formatBytes(sizeBytes),
      reasons.join('; '),
    ]),
  );
  const gone = results.flatMap(({ decisions }) => decisions.filter(({ keep }) => !keep));
  const bytes = gone.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const kept = rows.length - gone.length;
  const lines =
    rows.length > 0
      ? [
          {
            header: ['ACTION', 'BACKUP', 'SIZE', 'REASON'],
            rows,
            right: ['SIZE'],
            fold: ['REASON'],
            drop: ['SIZE'],
          },
        ]
      : [];
  return {
    code,
    json: {
      ...statusAsJson(
        code,
        results.map(({ error }) => error),
      ),
      dryRun,
      databases: results.map(resultAsJson),
    },
    text: [
      ...lines,
      ...results.flatMap((result) =>
        describeProblems(`${result.instance}/${result.database ?? 'accounts'}`, result),
      ),
      `${kept} kept, ${gone.length} ${dryRun ? 'would be deleted' : 'to delete'} (${formatBytes(bytes)}).`,
    ],
  };
}

function resultAsJson({ error, decisions, ...result }: PruneResult): unknown {
  return {
    ...result,
    decisions: decisions.map(({ takenAt, ...decision }) => ({ ...decision, takenAt: takenAt.toISOString() })),
    ...(error ? { error: errorAsJson(error) } : {}),
  };
}
