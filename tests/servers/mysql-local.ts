import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { isRoot, madeOnce } from './cache.ts';
import type { Engine, Place } from './local.ts';
import type { Programs } from './programs.ts';
import { serverSettings } from './settings.ts';
import { runAsServer, serverUser } from './unprivileged.ts';

const run = promisify(execFile);

/** MySQL and MariaDB. Each server's data folder is a copy of one that was initialised once per machine. */
export const mysqlEngine: Engine = {
  user: 'root',
  endSignal: 'SIGKILL',
  socket: (place) => join(place.socketFolder, 'mysql.sock'),
  async prepare(programs, place) {
    const template = await emptyDataFolder(programs);
    await run('cp', ['-a', '--reflink=auto', join(template, 'data'), place.dataDir]);
    // MySQL makes itself a new identity when it finds none.
    await rm(join(place.dataDir, 'auto.cnf'), { force: true });
    const { uid, gid } = serverUser();
    await mkdir(temporaryFolder(place));
    await chown(temporaryFolder(place), uid, gid);
    await writeFile(join(place.folder, 'init.sql'), adminAccount(place.password), { mode: 0o600 });
    await chown(join(place.folder, 'init.sql'), uid, gid);
  },
  args(programs, place) {
    return [
      ...basics(programs),
      `--datadir=${place.dataDir}`,
      `--socket=${join(place.socketFolder, 'mysql.sock')}`,
      `--pid-file=${join(place.folder, 'pid')}`,
      `--init-file=${join(place.folder, 'init.sql')}`,
      `--tmpdir=${temporaryFolder(place)}`,
      '--bind-address=127.0.0.1',
      `--port=${place.port}`,
      ...serverSettings('mysql'),
    ];
  },
};

/** A MariaDB that starts clears its temporary folder of every `#sql…` file, also of those that another server is using. */
function temporaryFolder({ folder }: Place): string {
  return join(folder, 'tmp');
}

function isMariadb(programs: Programs): boolean {
  return programs.server.endsWith('mariadbd');
}

/** Where a server that was not installed finds what belongs to it. */
function basics(programs: Programs): string[] {
  const share = shareFolder(programs);
  const own = isMariadb(programs) ? [] : ['--mysqlx=OFF'];
  return [
    '--no-defaults',
    ...own,
    `--basedir=${join(programs.tree, 'usr')}`,
    `--lc-messages-dir=${share}`,
    `--character-sets-dir=${join(share, 'charsets')}`,
    `--plugin-dir=${join(programs.tree, 'usr/lib/mysql/plugin')}`,
  ];
}

/** MariaDB's own since 11. */
function shareFolder({ tree }: Programs): string {
  const own = join(tree, 'usr/share/mariadb');
  return existsSync(join(own, 'charsets')) ? own : join(tree, 'usr/share/mysql');
}

/** Gives the server its admin, on TCP and socket alike, each time it starts; no trace of that in the binary log. */
function adminAccount(password: string): string {
  const forHost = (host: string) => [
    `CREATE USER IF NOT EXISTS root@'${host}';`,
    `ALTER USER root@'${host}' IDENTIFIED BY '${password}';`,
    `GRANT ALL PRIVILEGES ON *.* TO root@'${host}' WITH GRANT OPTION;`,
  ];
  return ['SET SESSION sql_log_bin = 0;', ...forHost('localhost'), ...forHost('%'), ''].join('\n');
}

/** The cached folder whose `data` is an initialised, empty data folder of the programs' version. */
function emptyDataFolder(programs: Programs): Promise<string> {
  const owner = isRoot ? 'root' : 'user';
  return madeOnce(`${basename(programs.tree)}-data-${owner}`, async (folder) => {
    const { uid, gid } = serverUser();
    const dataDir = join(folder, 'data');
    await mkdir(dataDir, { mode: 0o700 });
    await chown(dataDir, uid, gid);
    const server = [
      programs.server,
      ...basics(programs),
      `--datadir=${dataDir}`,
      '--innodb-flush-method=nosync',
    ];
    const env = { PATH: '/usr/bin:/bin' };
    if (isMariadb(programs)) await runAsServer([...server, '--bootstrap'], env, await systemTables(programs));
    else await runAsServer([...server, '--initialize-insecure'], env);
  });
}

/** What mariadb-install-db feeds to a MariaDB that has no system tables yet. */
async function systemTables(programs: Programs): Promise<string> {
  const share = shareFolder(programs);
  const own = basename(share);
  const names = [
    `${own}_system_tables`,
    `${own}_performance_tables`,
    `${own}_system_tables_data`,
    'fill_help_tables',
    'maria_add_gis_sp_bootstrap',
    `${own}_sys_schema`,
  ];
  const files = names.map((name) => readFile(join(share, `${name}.sql`), 'utf8'));
  const statements = (await Promise.all(files)).join('\n');
  const withoutHost = statements
    .split('\n')
    .filter((line) => !line.includes('@current_hostname'))
    .join('\n');
  const onlyLocal = "DELETE FROM global_priv WHERE Host IN ('127.0.0.1', '::1');";
  return `CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket = NULL;\n${withoutHost}\n${onlyLocal}\n`;
}
