import { VyaError } from '../../../errors.ts';
import type { Command } from '../../../exec/command.ts';
import type { DumpPart, DumpPlan, DumpRequest } from '../../adapter.ts';
import type { ClientProgram } from '../../client-program.ts';
import { type ClientContext, clientCommand, knownOptions } from '../client.ts';
import type { Option } from '../option-file.ts';
import { selectBaseTables } from './selection.ts';

/**
 * The options of every part. No date, so that equal content is equal bytes; no DROP TABLE, so that loading a dump into a database
 * that is not empty stops at once instead of destroying it; no LOCK TABLES, which would be one more privilege for a restore.
 */
const COMMON = [
  '--default-character-set=utf8mb4',
  '--hex-blob',
  '--quick',
  '--tz-utc',
  '--comments',
  '--skip-dump-date',
  '--skip-add-drop-table',
  '--skip-add-locks',
  '--skip-lock-tables',
  '--no-tablespaces',
  '--set-gtid-purged=OFF',
  '--skip-column-statistics',
];

const NO_TABLES = ['--no-create-info', '--no-data'];

/** The most that names may take on a command line, in bytes; Linux refuses 2 MB, environment included. */
const ARGUMENT_BYTES = 1_500_000;

/**
 * The dump of one database in up to three parts, each of which loads by hand in the order of their names. Tables come first and
 * alone: a table that has triggers cannot move between databases, and views made elsewhere would point there (F51).
 * `history`: the database has system-versioned tables whose history can be dumped.
 */
export function dumpPlan(context: ClientContext, request: DumpRequest, history: boolean): DumpPlan {
  const { inventory, programs } = request;
  const { dump } = programs;
  const tableOptions = ['--single-transaction', ...(history ? ['--dump-history'] : [])];
  const parts: DumpPart[] = [
    {
      suffix: '.1-tables.sql',
      format: 'sql',
      holds: inventory.sequences.length > 0 ? ['tables', 'sequences'] : ['tables'],
      commands: [tablesCommand(context, request, tableOptions)],
    },
    ...objectParts(context, request),
  ];
  return {
    parts,
    options: knownOptions(dump, [...COMMON, ...tableOptions, '--triggers', '--routines', '--events']),
    oldestClient: `${programs.load.name} ${dump.version.major}.${dump.version.minor}`,
  };
}

/** What a part is made from. */
export type DumpSource = Pick<DumpRequest, 'database' | 'inventory' | 'programs'>;

/** The parts that hold no tables: what has to be created anew wherever the tables are put. */
export function objectParts(context: ClientContext, source: DumpSource): DumpPart[] {
  const { views, triggers, routines, events } = source.inventory;
  const parts: DumpPart[] = [];
  const commands = [
    ...(triggers.length + routines.length > 0 ? [codeCommand(context, source)] : []),
    ...(views.length > 0 ? [viewsCommand(context, source)] : []),
  ];
  if (commands.length > 0) {
    parts.push({
      suffix: '.2-objects.sql',
      format: 'sql',
      holds: ['triggers', 'routines', 'views'],
      commands,
    });
  }
  if (events.length > 0) {
    parts.push({
      suffix: '.3-events.sql',
      format: 'sql',
      holds: ['events'],
      commands: [eventsCommand(context, source)],
    });
  }
  return parts;
}

function tablesCommand(context: ClientContext, source: DumpSource, options: readonly string[]): Command {
  return withoutViews(context, source, [...options, '--skip-triggers', '--skip-routines', '--skip-events']);
}

/** Triggers and routines. */
export function codeCommand(context: ClientContext, source: DumpSource): Command {
  return withoutViews(context, source, [...NO_TABLES, '--triggers', '--routines', '--skip-events']);
}

export function eventsCommand(context: ClientContext, source: DumpSource): Command {
  return withoutViews(context, source, [...NO_TABLES, '--skip-triggers', '--skip-routines', '--events']);
}

/** The views by name: only then are all of them made as placeholders first, so that they may use each other in any order. */
export function viewsCommand(context: ClientContext, { database, inventory, programs }: DumpSource): Command {
  const names = inventory.views.map(({ name }) => name);
  const options = ['--no-data', '--skip-triggers', '--skip-routines', '--skip-events'];
  return command(context, programs.dump, database, options, names);
}

/** The views are left out even where they would not be written: one that is broken stops MySQL's dump. */
function withoutViews(
  context: ClientContext,
  { database, inventory, programs }: DumpSource,
  options: readonly string[],
): Command {
  const selection = selectBaseTables(database, inventory, programs.dump);
  return command(
    context,
    programs.dump,
    database,
    [...options, ...selection.options],
    selection.names,
    selection.fileOptions,
  );
}

function command(
  context: ClientContext,
  dump: ClientProgram,
  database: string,
  options: readonly string[],
  names: readonly string[] = [],
  fileOptions: readonly Option[] = [],
): Command {
  const bytes = names.reduce((sum, name) => sum + Buffer.byteLength(name) + 9, 0);
  if (bytes > ARGUMENT_BYTES) {
    throw new VyaError(
      'failed',
      `${database}: ${names.length} names of tables or views do not fit on a command line`,
      {
        hint: 'Split the database, or report this case: vya can learn it.',
      },
    );
  }
  // MariaDB's program cannot be told: there the wait is watched from outside (F6), and it resets the time limit by itself (F7).
  const seconds = Math.max(1, Math.round(context.target.lockWaitSeconds));
  const limits = `--init-command=SET SESSION lock_wait_timeout = ${seconds} /*!50708 , max_execution_time = 0 */ /*M!100100 , max_statement_time = 0 */`;
  const args = [...knownOptions(dump, [...COMMON, limits, ...options]), '--', database, ...names];
  return clientCommand(context, dump, args, fileOptions);
}
