import type { Command } from '../../../exec/command.ts';
import type { StoredPart } from '../../adapter.ts';
import type { LoadOptions, LoadStep } from '../../load-step.ts';
import type { ClientPrograms } from '../../client-program.ts';
import { type ClientContext, clientCommand, knownOptions } from '../client.ts';
import { quoteName, quoteText } from '../names.ts';
import { passingInspector } from './inspect.ts';
import { disableEvents, dropLastSemicolons, followRename } from './rewrite.ts';

/** Parts that hold these are loaded as they are, however large. */
const streamed = new Set(['tables', 'definitions', 'rows']);

/** In seconds. */
const A_DAY = 86_400;

/**
 * The server's own client, which stops at the first error. No command of the client itself may run from a dump (F23); bytes reach the
 * server as they are, where it would otherwise turn CR LF in routines into LF and take comments out of them. `lock`: the name of a
 * lock that the client's session holds until its end.
 */
export function loadCommand(
  context: ClientContext,
  { load }: ClientPrograms,
  database: string,
  lock?: string,
): Command {
  const wait = Math.max(1, Math.round(context.target.lockWaitSeconds));
  const held = lock === undefined ? '' : `, @vya_lock = GET_LOCK(${quoteText(lock)}, ${wait})`;
  // Nobody else works in a database that is being filled; but a transaction that fills an empty table of MariaDB locks it, and two
  // parts may hold rows of one table.
  const settings = `foreign_key_checks = 0, unique_checks = 0, lock_wait_timeout = ${wait}, innodb_lock_wait_timeout = ${A_DAY}`;
  return clientCommand(context, load, [
    ...knownOptions(load, [
      '--sandbox',
      '--commands=OFF',
      '--system-command=OFF',
      '--binary-mode',
      '--comments',
      '--batch',
      // Rows of a second session would follow a gap.
      '--skip-reconnect',
      // MariaDB's client would repeat the whole statement, rows and all (F35).
      '--skip-print-query-on-error',
    ]),
    '--default-character-set=utf8mb4',
    `--init-command=SET SESSION ${settings}${held}`,
    `--database=${database}`,
  ]);
}

/** How one part is loaded into a database. `lock`: as of `loadCommand`. */
export function loadStep(
  context: ClientContext,
  part: StoredPart,
  database: string,
  options: LoadOptions & { disableEvents: boolean },
  lock?: string,
): LoadStep {
  const { inspect } = options;
  const source = inspect?.statements === true ? options.sourceDatabase : undefined;
  const step: LoadStep = {
    command: loadCommand(context, options.programs, database, lock),
    ...(inspect && { inspector: passingInspector(part, source, inspect.largest) }),
  };
  const renamed = options.sourceDatabase !== database;
  if (part.holds.includes('sequences') && renamed) {
    return { ...step, filter: sequenceFilter(options.sourceDatabase, database) };
  }
  if (part.holds.some((content) => streamed.has(content))) return step;
  const rewrite = (content: Buffer) => {
    const loadable = dropLastSemicolons(content);
    const followed = renamed ? followRename(loadable, options.sourceDatabase, database) : loadable;
    return options.disableEvents && part.holds.includes('events') ? disableEvents(followed) : followed;
  };
  return { ...step, rewrite };
}

/** MariaDB writes the database before a sequence that gives a column its default: only in column definitions, never in rows. */
function sequenceFilter(from: string, to: string): Command {
  const pattern = quoteName(from)
    .replaceAll(/[\\.*[\]^$/]/g, String.raw`\$&`)
    .replaceAll('\n', String.raw`\n`);
  const target = quoteName(to)
    .replaceAll(/[\\&/]/g, String.raw`\$&`)
    .replaceAll('\n', String.raw`\n`);
  const script = `/^  \`/s/\\(nextval\\|lastval\\|setval\\)(${pattern}\\./\\1(${target}./g`;
  return { file: 'sed', args: ['-e', script], env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' } };
}
