import type { Command } from '../../../exec/command.ts';
import type { LoadOptions, LoadStep, StoredPart } from '../../adapter.ts';
import { type ClientContext, clientCommand, knownOptions } from '../client.ts';
import { quoteName, quoteText } from '../names.ts';
import { disableEvents, dropLastSemicolons, followRename } from './rewrite.ts';

/**
 * Loads one part into a database with the server's own client, which stops at the first error. No command of the client itself
 * may run from a dump (F23); bytes reach the server as they are, where it would otherwise turn CR LF in routines into LF and
 * take comments out of them. `lock`: the name of a lock that the client's session holds until its end.
 */
export function loadStep(
  context: ClientContext,
  part: StoredPart,
  database: string,
  options: LoadOptions & { disableEvents: boolean },
  lock?: string,
): LoadStep {
  const { load } = options.programs;
  const wait = Math.max(1, Math.round(context.target.lockWaitSeconds));
  const held = lock === undefined ? '' : `, @vya_lock = GET_LOCK(${quoteText(lock)}, ${wait})`;
  const args = [
    ...knownOptions(load, [
      '--sandbox',
      '--commands=OFF',
      '--system-command=OFF',
      '--binary-mode',
      '--comments',
      '--batch',
      // MariaDB's client would repeat the whole statement, rows and all (F35).
      '--skip-print-query-on-error',
    ]),
    '--default-character-set=utf8mb4',
    `--init-command=SET SESSION foreign_key_checks = 0, unique_checks = 0, lock_wait_timeout = ${wait}${held}`,
    `--database=${database}`,
  ];
  const step: LoadStep = { command: clientCommand(context, load, args) };
  const renamed = options.sourceDatabase !== database;
  if (part.holds.includes('sequences') && renamed) {
    return { ...step, filter: sequenceFilter(options.sourceDatabase, database) };
  }
  if (part.holds.some((content) => isOfTables(content))) return step;
  const rewrite = (content: Buffer) => {
    const loadable = dropLastSemicolons(content);
    const followed = renamed ? followRename(loadable, options.sourceDatabase, database) : loadable;
    return options.disableEvents && part.holds.includes('events') ? disableEvents(followed) : followed;
  };
  return { ...step, rewrite };
}

/** Tables, or one half of them: nothing in which names of the database stand, and maybe too much to be held in memory. */
function isOfTables(content: string): boolean {
  return content === 'tables' || content === 'definitions' || content === 'rows';
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
