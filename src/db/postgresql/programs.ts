import { VyaError } from '../../errors.ts';
import { capture } from '../../exec/capture.ts';
import type { ServerKind } from '../adapter.ts';
import type { ClientProgram, ClientPrograms } from '../client-program.ts';
import { installHint, type MissingPrograms } from '../install-hint.ts';
import { chooseByVersion, describeProgram, findInstalled, withOptions } from '../programs.ts';
import { baseEnvironment } from './client.ts';

/** Where Debian, Red Hat, Alpine, SUSE, source builds and Homebrew keep several versions side by side. */
const DIRECTORIES = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/usr/libexec/postgresql*',
  '/usr/lib/postgresql*/bin',
  '/usr/local/pgsql*/bin',
  '/opt/homebrew/opt/postgresql@*/bin',
  '/opt/homebrew/opt/libpq/bin',
  '/usr/local/opt/postgresql@*/bin',
  '/usr/local/opt/libpq/bin',
];

const NAMES = ['pg_dump', 'pg_restore', 'psql'] as const;

/** The first pg_dump that compresses with zstd, and names the method of a directory's files. */
export const FIRST_WITH_METHODS = 16;

/** Stands among the options of a pg_dump that can compress with zstd by itself. */
export const ZSTD = 'compress=zstd';

/**
 * pg_dump, pg_restore and psql of one version: the server's major, else the nearest newer one (an older pg_dump refuses a newer
 * server). `oldestClient`: the oldest that reads a backup, as its manifest says. Throws VyaError `failed` that names the package to install.
 */
export async function findPrograms(
  of: Pick<ServerKind, 'version'> | Promise<Pick<ServerKind, 'version'>>,
  env: NodeJS.ProcessEnv,
  oldestClient = '',
): Promise<ClientPrograms> {
  const found = await findInstalled(NAMES, DIRECTORIES, env, { versionOnly: true });
  const installedSets = completeSets(found);
  const server = await of;
  const oldest = Number(/^pg_restore (\d+)$/.exec(oldestClient)?.[1] ?? 0);
  const sets = installedSets.filter(({ load }) => load.version.major >= oldest);
  const { major } = server.version;
  const dump = chooseByVersion(
    sets.map((set) => set.dump),
    server.version,
    (version) => version.major,
  );
  const chosen = sets.find((set) => set.dump === dump);
  if (!chosen && installedSets.length > 0) throw tooOldForArchive(oldest, installedSets);
  if (!chosen) throw missing(major, `installed is ${incomplete(found)}`);
  const installed = versionsOf(sets);
  if (chosen.dump.version.major < major) throw missing(major, `installed is ${installed}`);
  const [load, zstd] = await Promise.all([
    withOptions(chosen.load),
    chosen.dump.version.major >= FIRST_WITH_METHODS && compressesWithZstd(chosen.dump),
  ]);
  return { ...chosen, load, dump: { ...chosen.dump, options: new Set(zstd ? [ZSTD] : []) } };
}

function completeSets(programs: readonly ClientProgram[]): ClientPrograms[] {
  const byVersion = Map.groupBy(programs, ({ version }) => version.text);
  return [...byVersion.values()].flatMap((set) => {
    const [dump, load, query] = NAMES.map((name) => set.find((program) => program.name === name));
    return dump && load && query ? [{ dump, load, query }] : [];
  });
}

function versionsOf(sets: readonly ClientPrograms[]): string {
  return [...new Set(sets.map(({ dump }) => dump.version.text))].join(', ');
}

/** Programs that do not make a whole set: a package that was installed in part, or none. */
function incomplete(found: readonly ClientProgram[]): string {
  return found.length > 0 ? `only ${found.map(describeProgram).join(', ')}` : 'none of them';
}

function tooOldForArchive(oldest: number, sets: readonly ClientPrograms[]): VyaError {
  return new VyaError(
    'failed',
    `The backup can be read by pg_restore ${oldest} and newer only; installed is ${versionsOf(sets)}`,
    { hint: installHint(clientsOf(oldest)) },
  );
}

function missing(major: number, installed: string): VyaError {
  return new VyaError(
    'failed',
    `PostgreSQL ${major} needs pg_dump, pg_restore and psql ${major} or newer; ${installed}`,
    { hint: installHint(clientsOf(major)) },
  );
}

/** The client programs of a major version, or of the newest where it does not matter. */
export function clientsOf(major?: number): MissingPrograms {
  const debian = major === undefined ? 'postgresql-client' : `postgresql-client-${major}`;
  const note = "Where apt knows no such package, it is in PostgreSQL's own repository.";
  return {
    programs: `pg_dump, pg_restore and psql of PostgreSQL${major === undefined ? '' : ` ${major}`}`,
    packages: { debian, ubuntu: debian, redhat: `postgresql${major ?? ''}` },
    ...(major === undefined ? {} : { notes: { debian: note, ubuntu: note } }),
  };
}

/** zstd is a choice of whoever built pg_dump. One without it says so before it looks at anything else, and this one finds no server. */
async function compressesWithZstd(dump: ClientProgram): Promise<boolean> {
  const nowhere = '/nonexistent/vya';
  const command = {
    file: dump.path,
    args: ['--format=directory', '--compress=zstd:1', `--file=${nowhere}`, '--no-password'],
    env: { ...baseEnvironment, PGHOST: nowhere },
  };
  try {
    await capture(command, { timeoutMs: 10_000 });
    return true;
  } catch (error) {
    return !/does not support compression/.test((error as Error).message);
  }
}
