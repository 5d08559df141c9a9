/** The servers that every promise is tested over. */
export type TestedKind = 'mysql-9.7' | 'mariadb-10.11' | 'postgresql-15' | 'postgresql-18';

/** The others are there for restores from an older version into a newer one. */
export type ServerKind = TestedKind | 'mariadb-11.8';

export interface KindFacts {
  type: 'mysql' | 'postgresql';
  /** What the server's own version begins with. */
  version: string;
  /** Debian suites to look in, in this order. */
  suites: string[];
  /** Debian packages that hold the server, its client programs and what both need. */
  packages: string[];
  /** The package whose version must begin with `version`. */
  mainPackage: string;
  /** Folders of the unpacked packages that hold programs. */
  programFolders: string[];
  /** The programs that tests may call: everything else that came along stays off PATH. */
  clients: string[];
  /** The server program, relative to the unpacked packages. */
  server: string;
  /** The official image, and the environment variable that names another. */
  image: string;
  imageVariable: string;
}

/** zstd, strace and patchelf, for machines that lack them. */
export const toolFacts = {
  suite: 'bookworm',
  packages: ['zstd', 'strace', 'patchelf', 'libc-bin'],
  programs: ['zstd', 'strace'],
};

const newerSuites = ['sid', 'forky', 'trixie'];
const mysqlFolders = ['usr/bin', 'usr/sbin'];

function postgresql(major: string, suites: string[]): KindFacts {
  return {
    type: 'postgresql',
    version: `${major}.`,
    suites,
    packages: [`postgresql-${major}`, `postgresql-client-${major}`, 'libc-bin'],
    mainPackage: `postgresql-${major}`,
    programFolders: [`usr/lib/postgresql/${major}/bin`],
    clients: ['psql', 'pg_dump', 'pg_restore', 'pg_dumpall', 'createdb', 'dropdb', 'pg_isready'],
    server: `usr/lib/postgresql/${major}/bin/postgres`,
    image: `postgres:${major}`,
    imageVariable: `VYA_TEST_IMAGE_POSTGRESQL_${major}`,
  };
}

function mariadb(version: string, suites: string[]): KindFacts {
  return {
    type: 'mysql',
    version: `${version}.`,
    suites,
    packages: ['mariadb-server', 'mariadb-client', 'libc-bin'],
    mainPackage: 'mariadb-server',
    programFolders: mysqlFolders,
    clients: ['mariadb', 'mariadb-dump', 'mariadb-admin', 'mariadb-binlog', 'mysql', 'mysqldump'],
    server: 'usr/sbin/mariadbd',
    image: `mariadb:${version}`,
    imageVariable: `VYA_TEST_IMAGE_MARIADB_${version.replace('.', '_')}`,
  };
}

export const kindFacts: Record<ServerKind, KindFacts> = {
  'mysql-9.7': {
    type: 'mysql',
    version: '9.7.',
    suites: newerSuites,
    packages: ['mysql-server-core', 'mysql-client-core', 'mysql-client', 'libc-bin'],
    mainPackage: 'mysql-server-core',
    programFolders: mysqlFolders,
    clients: ['mysql', 'mysqldump', 'mysqladmin', 'mysqlbinlog'],
    server: 'usr/sbin/mysqld',
    image: 'mysql:9.7',
    imageVariable: 'VYA_TEST_IMAGE_MYSQL',
  },
  'mariadb-10.11': mariadb('10.11', ['bookworm']),
  'mariadb-11.8': mariadb('11.8', ['trixie']),
  'postgresql-15': postgresql('15', ['bookworm']),
  'postgresql-18': postgresql('18', newerSuites),
};

export const serverKinds = [
  'mysql-9.7',
  'mariadb-10.11',
  'postgresql-15',
  'postgresql-18',
] as const satisfies readonly TestedKind[];
