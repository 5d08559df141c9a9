import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { VyaError } from '../../../errors.ts';
import type { Command } from '../../../exec/command.ts';
import type { ServerInfo, StoredPart } from '../../adapter.ts';
import type { LoadOptions, LoadStep } from '../../load-step.ts';
import type { ClientPrograms } from '../../client-program.ts';
import type { ArchiveCheck, FileCheck } from '../../archive-check.ts';
import { assertOwnFiles } from './archive-names.ts';
import { baseEnvironment, clientCommand, databaseArgument, type Reach } from '../client.ts';
import { installHint } from '../../install-hint.ts';
import { clientsOf } from '../programs.ts';
import { isTooNew, loadThroughPsql } from './load-older.ts';

/**
 * Whatever stdin is, by a name under which each process opens it anew (proc(5)). A name in vya's own part of /proc would not do: when
 * vya has gone on as another user, nobody else may look in there.
 */
const ownStdin = '/proc/self/fd/0';

/**
 * How pg_restore loads a part: a directory by itself and with several jobs, a custom archive from stdin, or with several jobs from a
 * file. The first error ends it (F18). Into a server that is older than it can write for, it goes through psql (F49).
 */
export function planLoad(
  reach: Reach,
  server: ServerInfo,
  part: StoredPart,
  database: string,
  options: LoadOptions,
): LoadStep {
  const { programs, noOwner, noAcl, jobs } = options;
  const { load } = programs;
  if (isTooNew(load, server)) return loadThroughPsql(reach, part, database, options);
  const common = [
    `--dbname=${databaseArgument(database)}`,
    '--exit-on-error',
    ...(noOwner ? ['--no-owner'] : []),
    ...(noAcl ? ['--no-acl'] : []),
  ];
  const restoring = (...args: string[]): Command =>
    clientCommand(reach, load, [...common, ...args], { options: reach.sessionOptions.load });
  const inJobs = (format: string, path: string): Command =>
    restoring(`--jobs=${Math.max(1, jobs)}`, `--format=${format}`, path);
  if (part.format === 'pg-directory') return { command: inJobs('directory', part.path) };
  return {
    command: restoring(),
    ...(jobs > 1 && { fromFile: inJobs('custom', ownStdin) }),
  };
}

/**
 * Reads a whole archive and writes it nowhere: `pg_restore -l` is content with a truncated one (F4).
 * Throws VyaError `verification` for one that leads out of its directory.
 */
export function checkArchive(part: StoredPart, programs: ClientPrograms | undefined): ArchiveCheck {
  if (!programs) {
    throw new VyaError('failed', `${part.path} can only be read by pg_restore`, {
      hint: installHint(clientsOf()),
    });
  }
  const read = (args: readonly string[]): Command => ({
    file: programs.load.path,
    args: ['--file=/dev/null', ...args],
    env: baseEnvironment,
  });
  if (part.format !== 'pg-directory') return { command: read([]) };
  assertOwnFiles(part.path);
  return { command: read(['--format=directory', part.path]), files: dataFiles(part.path) };
}

/** What COPY data ends with in every format of pg_dump. */
const END_OF_COPY = '\\.\n\n\n';

/**
 * The data files of a directory archive. pg_restore (seen with 18) loads whatever a truncated one still holds and exits with 0. Large
 * objects have no end marker: only a compressed one shows that it was cut. An empty one has an empty file, which is no compressed file.
 */
function dataFiles(directory: string): FileCheck[] {
  return readdirSync(directory)
    .filter((name) => name !== 'toc.dat' && /\.dat(\.\w+)?$/.test(name))
    .map((name) => ({
      path: path.join(directory, name),
      endMarker: /^\d+\.dat/.test(name) ? END_OF_COPY : undefined,
    }))
    .filter((file) => file.endMarker !== undefined || statSync(file.path).size > 0);
}
