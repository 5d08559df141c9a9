import { access, constants, glob, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { capture } from '../exec/capture.ts';
import type { Flavour } from '../model/instance.ts';
import { compareVersions, parseVersion, type Version } from '../model/version.ts';
import type { ClientProgram } from './client-program.ts';

/** How long a program may take to say who it is. */
const ANSWER_MS = 10_000;

/** Debian's wrapper picks a server version by itself, so it cannot be chosen by version; its targets are found in their own places. */
const WRAPPERS = new Set(['pg_wrapper']);

/**
 * Looks for `names` on `env.PATH` and in `directories` (absolute; a segment may be or hold `*`), and asks what it finds for its
 * version and long options. One file behind several links is listed once, under the name that stands first in `names`.
 * Programs that do not run, or do not say which version they are, are left out. In the order of `names`, then of the places.
 * `leading` are arguments that go before every other one, such as `--no-defaults`; with `versionOnly` nobody is asked for options.
 */
export async function findInstalled(
  names: readonly string[],
  directories: readonly string[],
  env: NodeJS.ProcessEnv,
  { leading = [], versionOnly = false }: { leading?: readonly string[]; versionOnly?: boolean } = {},
): Promise<ClientProgram[]> {
  const onPath = (env['PATH'] ?? '').split(path.delimiter).filter((directory) => path.isAbsolute(directory));
  const places = [...new Set([...onPath, ...(await expand(directories))])];
  const seen = new Set<string>();
  const found: { name: string; file: string }[] = [];
  for (const name of names) {
    for (const place of places) {
      const file = path.join(place, name);
      const real = await realExecutable(file);
      if (real === undefined || WRAPPERS.has(path.basename(real))) continue;
      // One file can be many programs that go by the name they are called with (busybox, wrappers): then each is kept.
      const key = names.includes(path.basename(real)) ? real : `${name} ${real}`;
      if (seen.has(key)) continue;
      seen.add(key);
      found.push({ name, file });
    }
  }
  const asked = await Promise.all(
    found.map(({ name, file }) => askProgram(name, file, leading, versionOnly)),
  );
  return asked.filter((program) => program !== undefined);
}

/**
 * The program that suits a server best: of the server's own release line (the newest of them), else of the nearest newer line,
 * else the newest there is. `line` tells what a release line is: the major for PostgreSQL, major and minor for MariaDB.
 * Undefined only where `programs` is empty.
 */
export function chooseByVersion(
  programs: readonly ClientProgram[],
  server: Version,
  line: (version: Version) => number,
): ClientProgram | undefined {
  const wanted = line(server);
  const age = (program: ClientProgram) => {
    const distance = line(program.version) - wanted;
    return distance >= 0 ? distance : Number.MAX_SAFE_INTEGER;
  };
  return programs.toSorted((a, b) => age(a) - age(b) || compareVersions(b.version, a.version))[0];
}

/** `mysqldump 9.7.0 (/usr/bin/mysqldump)`: how messages name a program. */
export function describeProgram(program: ClientProgram): string {
  return `${program.name} ${program.version.text} (${program.path})`;
}

/** The long options of a `--help` text, without dashes: those that begin a line, explanations being indented further. */
export function parseOptions(help: string): Set<string> {
  const options = new Set<string>();
  for (const match of help.matchAll(/^ {0,8}(?:-[^-\s],?\s+)?--([a-z0-9][\w-]*)/gim)) {
    options.add(match[1]!.replaceAll('_', '-'));
  }
  return options;
}

/**
 * Flavour and version from a `--version` text. MySQL 5.7 and MariaDB name the client library's version first and the release
 * after `Distrib` or `from`; the others name the release alone.
 */
export function parseProgramVersion(text: string): { flavour: Flavour; version: Version } | undefined {
  const flavour: Flavour = /mariadb/i.test(text.replace(/^\S+/, ''))
    ? 'mariadb'
    : /PostgreSQL/.test(text)
      ? 'postgresql'
      : 'mysql';
  const afterName = text.replace(/^\S+\s*/, '');
  const release = /(?:Distrib|from)\s+(\d\S*)/.exec(afterName)?.[1] ?? afterName;
  const version = parseVersion(release);
  return version && { flavour, version };
}

async function expand(directories: readonly string[]): Promise<string[]> {
  const expanded: string[] = [];
  for (const directory of directories) {
    if (!directory.includes('*')) {
      expanded.push(directory);
      continue;
    }
    const matches: string[] = [];
    for await (const match of glob(directory)) matches.push(match);
    expanded.push(...matches.toSorted());
  }
  return expanded;
}

async function realExecutable(file: string): Promise<string | undefined> {
  try {
    const real = await realpath(file);
    await access(real, constants.X_OK);
    return (await stat(real)).isFile() ? real : undefined;
  } catch {
    return undefined;
  }
}

async function askProgram(
  name: string,
  file: string,
  leading: readonly string[],
  versionOnly: boolean,
): Promise<ClientProgram | undefined> {
  try {
    const [versionText, help] = await Promise.all([
      ask(file, [...leading, '--version']),
      versionOnly ? '' : ask(file, [...leading, '--help']),
    ]);
    const parsed = parseProgramVersion(versionText);
    return parsed && { name, path: file, ...parsed, options: parseOptions(help) };
  } catch {
    return undefined;
  }
}

/** The same program with its options, where only its version was asked for. */
export async function withOptions(program: ClientProgram): Promise<ClientProgram> {
  return { ...program, options: parseOptions(await ask(program.path, ['--help'])) };
}

async function ask(file: string, args: readonly string[]): Promise<string> {
  const env = { LC_ALL: 'C', PATH: '/usr/bin:/bin' };
  return (await capture({ file, args, env }, { timeoutMs: ANSWER_MS })).stdout;
}
