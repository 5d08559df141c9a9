import { VyaError } from '../../errors.ts';
import type { ServerKind } from '../adapter.ts';
import type { ClientProgram, ClientPrograms } from '../client-program.ts';
import { installHint } from '../install-hint.ts';
import { chooseByVersion, describeProgram, findInstalled } from '../programs.ts';

const DUMP = ['mariadb-dump', 'mysqldump'];
const LOAD = ['mariadb', 'mysql'];

/** Where packages of Debian, Red Hat, Oracle and MariaDB, tarballs and Homebrew put the programs. */
const PLACES = [
  '/usr/bin',
  '/usr/local/bin',
  '/usr/local/mysql*/bin',
  '/usr/local/mariadb*/bin',
  '/opt/mysql*/bin',
  '/opt/mysql/*/bin',
  '/opt/mariadb*/bin',
  '/opt/rh/*/root/usr/bin',
  '/usr/lib/mysql*/bin',
  '/usr/lib/mariadb*/bin',
  '/opt/homebrew/opt/*/bin',
];

/**
 * The client programs for a server: of its own flavour, and of its release line or the nearest newer one.
 *
 * The other flavour's programs are never taken: MariaDB's write the values of MySQL's generated columns, which no server takes
 * back, and MySQL's leave MariaDB's sequences and packages out (F11).
 *
 * @throws VyaError `failed` that names the package to install
 */
export async function findMysqlPrograms(
  of: ServerKind | Promise<ServerKind>,
  env: NodeJS.ProcessEnv,
): Promise<ClientPrograms> {
  const [dumps, loads] = await Promise.all(
    [DUMP, LOAD].map((names) => findInstalled(names, PLACES, env, { leading: ['--no-defaults'] })),
  );
  const server = await of;
  const dump = choose(dumps ?? [], server, 'dump');
  const load = choose(loads ?? [], server, 'load');
  return { dump, load, query: load };
}

function choose(
  found: readonly ClientProgram[],
  server: ServerKind,
  purpose: 'dump' | 'load',
): ClientProgram {
  const suitable = found.filter((program) => program.flavour === server.flavour);
  const chosen = chooseByVersion(suitable, server.version, ({ major, minor }) => major * 1000 + minor);
  if (chosen) return chosen;
  const product = server.flavour === 'mariadb' ? 'MariaDB' : 'MySQL';
  const name = programOf(product, purpose);
  const others = found.map(describeProgram).join(', ');
  const installed = others
    ? `Installed are ${others}, which ${purpose} ${product} ${server.version.text} incompletely.`
    : 'None is installed.';
  throw new VyaError('failed', `No ${name} of ${product} was found. ${installed}`, {
    hint: installHint({ programs: `${name} of ${product}`, ...packaged[product] }),
  });
}

function programOf(product: 'MariaDB' | 'MySQL', purpose: 'dump' | 'load'): string {
  if (product === 'MariaDB') return purpose === 'dump' ? 'mariadb-dump' : 'mariadb';
  return purpose === 'dump' ? 'mysqldump' : 'mysql';
}

/** What the client programs are packaged as. Debian has none of MySQL: what it calls so is MariaDB's. */
const packaged = {
  MariaDB: { packages: { debian: 'mariadb-client', ubuntu: 'mariadb-client', redhat: 'mariadb' } },
  MySQL: {
    packages: { debian: 'mysql-community-client', ubuntu: 'mysql-client', redhat: 'mysql' },
    notes: {
      debian: "That package is in MySQL's own repository; Debian's default-mysql-client is MariaDB's.",
    },
  },
};
