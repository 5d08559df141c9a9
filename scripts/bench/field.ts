import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../tests/servers/connect.ts';
import type { TestedKind } from '../../tests/servers/kinds.ts';
import type { TestServer } from '../../tests/servers/server.ts';
import { pathWith, startServer } from '../../tests/servers/servers.ts';
import type { Table } from './data/tables.ts';
import { type Digest, digestOf } from './digest.ts';

/** A server that is measured against, and a folder for all that is written. */
export interface Field {
  kind: TestedKind;
  type: 'mysql' | 'postgresql';
  server: TestServer;
  folder: string;
  /** What the programs that are measured see: the server's own client programs, and how to log in. */
  env: NodeJS.ProcessEnv;
  /** The option file of MySQL's client programs. */
  optionFile: string;
  createDatabase(name: string): Promise<void>;
  dropDatabase(name: string): Promise<void>;
  /** Runs statements in a database. */
  sql(database: string, statements: string): Promise<void>;
  digest(database: string): Promise<Digest>;
  /** The client program that reads rows, divided by tabs, from its standard input. */
  loadCommand(database: string, table: Table): string[];
  close(): Promise<void>;
}

/** What tests turn off and operators do not: a commit is on the disk. */
const durable = {
  mysql: [
    '--sync-binlog=1',
    '--innodb-flush-log-at-trx-commit=1',
    '--innodb-flush-method=O_DIRECT',
    '--innodb-doublewrite=ON',
  ],
  postgresql: ['fsync=on', 'synchronous_commit=on', 'full_page_writes=on'],
};

/** As durable as servers are by default, and with the room that a small production server has. */
const settings = {
  'mariadb-10.11': [
    ...durable.mysql,
    ...['--innodb-buffer-pool-size=1G', '--innodb-log-file-size=512M', '--local-infile=ON'],
  ],
  'mysql-9.7': [
    ...durable.mysql,
    ...['--innodb-buffer-pool-size=1G', '--innodb-redo-log-capacity=1G', '--local-infile=ON'],
  ],
  postgresql: [
    ...durable.postgresql,
    ...['shared_buffers=512MB', 'maintenance_work_mem=128MB', 'max_wal_size=4GB'],
  ].flatMap((setting) => ['-c', setting]),
};

/** Every restore is in the binary log, too: without this a gigabyte restored twenty times takes twenty. */
const forget = '\nFLUSH BINARY LOGS;\nPURGE BINARY LOGS BEFORE NOW();';

export function settingsOf(kind: TestedKind): string[] {
  return settings[kind.startsWith('postgresql') ? 'postgresql' : (kind as 'mysql-9.7')];
}

export async function openField(kind: TestedKind): Promise<Field> {
  const server = await startServer(kind, { args: settingsOf(kind) });
  const folder = await mkdtemp(join(tmpdir(), 'vya-bench-'));
  const optionFile = join(folder, 'client.cnf');
  const { user, password } = server.admin;
  const { host, type } = server;
  const port = String(server.port);
  await mkdir(join(folder, 'tmp'));
  await writeFile(
    optionFile,
    `[client]\nuser=${user}\npassword=${password}\nprotocol=tcp\nhost=${host}\nport=${port}\n`,
    { mode: 0o600 },
  );
  const env = {
    PATH: await pathWith(server),
    HOME: folder,
    TMPDIR: join(folder, 'tmp'),
    LC_ALL: 'C.UTF-8',
    ...(type === 'postgresql' && { PGHOST: host, PGPORT: port, PGUSER: user, PGPASSWORD: password }),
  };
  const sql = async (database: string | undefined, statements: string): Promise<void> => {
    const connection = await connect(server, database);
    try {
      // PostgreSQL takes several statements for one transaction, and VACUUM must be outside of one. MySQL would keep the
      // semicolon after a trigger with it, and then its dump does not load by hand.
      for (const each of apart(statements)) await connection.script(each);
    } finally {
      await connection.close();
    }
  };
  return {
    kind,
    type,
    server,
    folder,
    env,
    optionFile,
    sql,
    createDatabase: (name) =>
      sql(undefined, `CREATE DATABASE ${name}${type === 'mysql' ? ' CHARACTER SET utf8mb4' : ''}`),
    dropDatabase: (name) =>
      sql(undefined, `DROP DATABASE IF EXISTS ${name};${type === 'mysql' ? forget : ''}`),
    async digest(database) {
      const connection = await connect(server, database);
      try {
        return await digestOf(connection, type);
      } finally {
        await connection.close();
      }
    },
    loadCommand: (database, table) =>
      type === 'mysql'
        ? mysqlLoad(optionFile, database, table)
        : ['psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-d', database, '-c', `COPY ${table.name} FROM STDIN`],
    close: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Statements end with a semicolon at the end of a line. */
function apart(statements: string): string[] {
  return statements.split(/;$/m).filter((each) => each.trim() !== '');
}

function mysqlLoad(optionFile: string, database: string, table: Table): string[] {
  const columns = ['id', ...table.mysql.map((definition) => definition.split(' ')[0] as string)];
  const { binary } = table;
  const read = columns.map((column) => (column === binary ? '@digits' : column));
  const convert = binary === undefined ? '' : ` SET ${binary} = unhex(@digits)`;
  const statement = `LOAD DATA LOCAL INFILE '/dev/stdin' INTO TABLE ${table.name} CHARACTER SET utf8mb4 (${read.join(', ')})${convert}`;
  const session = 'SET SESSION sql_log_bin = 0, foreign_key_checks = 0, unique_checks = 0';
  // The client opens the file by its name, which a pipe has and Node's socket has not.
  return [
    'sh',
    '-c',
    'cat | "$@"',
    'sh',
    'mysql',
    `--defaults-file=${optionFile}`,
    '--local-infile=1',
    `--init-command=${session}`,
    database,
    '-e',
    statement,
  ];
}
