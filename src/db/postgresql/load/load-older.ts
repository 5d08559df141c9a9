import type { Command } from '../../../exec/command.ts';
import type { ServerInfo, StoredPart } from '../../adapter.ts';
import type { LoadOptions, LoadStep } from '../../load-step.ts';
import type { ClientProgram, ClientPrograms } from '../../client-program.ts';
import type { Finding } from '../../finding.ts';
import { baseEnvironment, clientCommand, type Reach } from '../client.ts';

/** From this version on pg_restore sets `transaction_timeout`, which older servers do not know (F49). */
const SETS_TRANSACTION_TIMEOUT = 17;

/** Whether pg_restore cannot write into the server by itself. */
export function isTooNew({ version }: ClientProgram, server: ServerInfo): boolean {
  return version.major >= SETS_TRANSACTION_TIMEOUT && server.version.major < SETS_TRANSACTION_TIMEOUT;
}

/** What has to be said of a restore into a server that is older than pg_restore, before anything is touched. */
export function findOlderServer(server: ServerInfo, programs: ClientPrograms | undefined): Finding[] {
  if (!programs || !isTooNew(programs.load, server)) return [];
  const { text } = programs.load.version;
  const { major } = server.version;
  const hint = `Install the client programs of the server's version: apt install postgresql-client-${major}`;
  if (!isGuarded(programs)) {
    const message = `pg_restore ${text} cannot write into PostgreSQL ${major}: it sets transaction_timeout, which that server does not know`;
    return [{ severity: 'error', kind: 'failed', message, hint }];
  }
  const message = `pg_restore ${text} is newer than PostgreSQL ${major}: the backup goes through psql, without the setting that this server does not know, and with one job`;
  return [
    { severity: 'warning', kind: 'failed', message, hint: `${hint}, where backups made by it are restored.` },
  ];
}

/**
 * As text through psql, less the one line. What an archive holds cannot reach psql's own commands: pg_restore forbids them to psql
 * with a key of its own (`\restrict`), and without that this way is not gone (F23).
 */
export function loadThroughPsql(
  reach: Reach,
  part: StoredPart,
  database: string,
  { programs, noOwner, noAcl }: LoadOptions,
): LoadStep {
  const reader: Command = {
    file: programs.load.path,
    args: [
      '--file=-',
      ...(noOwner ? ['--no-owner'] : []),
      ...(noAcl ? ['--no-acl'] : []),
      ...(part.format === 'pg-directory' ? ['--format=directory', part.path] : []),
    ],
    env: baseEnvironment,
  };
  const command = clientCommand(
    reach,
    programs.query,
    ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', '--file=-'],
    { database, options: reach.sessionOptions.load },
  );
  return { reader, filter: withoutTransactionTimeout, command };
}

function isGuarded({ load, query }: ClientPrograms): boolean {
  return load.options.has('restrict-key') && query.version.text === load.version.text;
}

/**
 * Drops exactly `SET transaction_timeout = 0;`, and only before the first line that is no comment, setting or guard: rows may hold the
 * same text.
 */
const withoutTransactionTimeout: Command = {
  file: 'sed',
  args: [
    '-e',
    [
      ':header',
      '/^SET transaction_timeout = 0;$/{',
      'N',
      's/^[^\\n]*\\n//',
      'b header',
      '}',
      '/^--/b next',
      '/^SET [a-z_]* = /b next',
      '/^\\\\restrict /b next',
      '/^$/b next',
      'b rest',
      ':next',
      'n',
      'b header',
      ':rest',
      'n',
      'b rest',
    ].join('\n'),
  ],
  env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
};
