import { VyaError } from '../../../errors.ts';
import type { Command } from '../../../exec/command.ts';
import type { DumpPart, DumpPlan, DumpRequest } from '../../adapter.ts';
import type { ClientProgram } from '../../client-program.ts';
import { type ClientContext, clientCommand, knownOptions } from '../client.ts';
import { quoteName } from '../names.ts';
import type { Option } from '../option-file.ts';
import type { RowStream } from '../../streams.ts';
import { ARGUMENT_BYTES, argumentBytes } from './arguments.ts';
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
  // MariaDB's from 11 on: one transaction for each table would be loaded half again as slowly, and lock the table.
  '--skip-no-autocommit',
];

const NO_TABLES = ['--no-create-info', '--no-data'];

const NO_CODE = ['--skip-triggers', '--skip-routines', '--skip-events'];

/**
 * The dump of one database in parts, each of which loads by hand in the order of their names: tables, or their definitions and then
 * their rows in several streams; then objects, then events. Tables come first and alone: a table that has triggers cannot move
 * between databases, and views made elsewhere would point there (F51).
 * `history`: the database has system-versioned tables whose history can be dumped.
 */
export function dumpPlan(context: ClientContext, request: DumpRequest, history: boolean): DumpPlan {
  const { streams, programs } = request;
  const { dump } = programs;
  const tableOptions = ['--single-transaction', ...(history ? ['--dump-history'] : [])];
  const parts = streams
    ? [definitionsPart(context, request), ...rowParts(context, request, streams.rows, tableOptions)]
    : [tablesPart(context, request, tableOptions)];
  return {
    parts: [...parts, ...objectParts(context, request, streams ? 3 : 2)],
    options: knownOptions(dump, [...COMMON, ...tableOptions, '--triggers', '--routines', '--events']),
    oldestClient: `${programs.load.name} ${dump.version.major}.${dump.version.minor}`,
  };
}

/** What a part is made from. */
export type DumpSource = Pick<DumpRequest, 'database' | 'inventory' | 'programs'>;

function tablesPart(context: ClientContext, source: DumpSource, options: readonly string[]): DumpPart {
  return {
    suffix: '.1-tables.sql',
    format: 'sql',
    holds: withSequences('tables', source),
    commands: [withoutViews(context, source, [...options, ...NO_CODE])],
  };
}

/**
 * Of the tables in the inventory alone: the rows of one that comes later are in no stream. Sequences go on while rows are dumped, and
 * so they have to be read after them: a value that is in a row must not be handed out again.
 */
function definitionsPart(context: ClientContext, source: DumpSource): DumpPart {
  const { database, inventory, programs } = source;
  const names = [...inventory.sequences, ...inventory.tables].map(({ name }) => name);
  return {
    suffix: '.1-definitions.sql',
    format: 'sql',
    holds: withSequences('definitions', source),
    commands: [command(context, programs.dump, database, ['--no-data', ...NO_CODE], names)],
  };
}

function withSequences(content: string, { inventory }: DumpSource): string[] {
  return inventory.sequences.length > 0 ? [content, 'sequences'] : [content];
}

function rowParts(
  context: ClientContext,
  { database, programs }: DumpSource,
  streams: readonly RowStream[],
  options: readonly string[],
): DumpPart[] {
  const digits = Math.max(2, String(streams.length).length);
  return streams.map(({ tables, where }, index) => {
    // Ranges of one table may be loaded at the same time: none may switch its keys off and on.
    const range = where === undefined ? [] : ['--skip-disable-keys', `--where=${where}`];
    const rows = [...options, '--no-create-info', ...NO_CODE, ...range];
    return {
      suffix: `.2-rows-${String(index + 1).padStart(digits, '0')}.sql`,
      format: 'sql',
      holds: ['rows'],
      commands: [command(context, programs.dump, database, rows, tables)],
      marks: where === undefined ? tables.map((table) => ` FROM ${quoteName(table)}`) : [where],
    };
  });
}

/** The parts that hold no tables, numbered from `first`: what has to be created anew wherever the tables are put. */
export function objectParts(context: ClientContext, source: DumpSource, first: number): DumpPart[] {
  const { views, triggers, routines, events } = source.inventory;
  const parts: DumpPart[] = [];
  const commands = [
    ...(triggers.length + routines.length > 0 ? [codeCommand(context, source)] : []),
    ...(views.length > 0 ? [viewsCommand(context, source)] : []),
  ];
  if (commands.length > 0) {
    parts.push({
      suffix: `.${first}-objects.sql`,
      format: 'sql',
      holds: ['triggers', 'routines', 'views'],
      commands,
    });
  }
  if (events.length > 0) {
    parts.push({
      suffix: `.${first + 1}-events.sql`,
      format: 'sql',
      holds: ['events'],
      commands: [eventsCommand(context, source)],
    });
  }
  return parts;
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
  return command(context, programs.dump, database, ['--no-data', ...NO_CODE], names);
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
  if (argumentBytes(names) > ARGUMENT_BYTES) {
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
