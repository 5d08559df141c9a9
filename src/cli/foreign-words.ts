/** Options of the databases' own programs and of other backup tools, by what vya has in their place. */
const options: Readonly<Record<string, readonly string[]>> = {
  password: ['-p', '-W', '--password', '--pass', '--pwd'],
  login: ['-u', '-U', '--user', '--username', '--login-path', '--defaults-file', '--defaults-extra-file'],
  server: ['--host', '--hostname', '-P', '--port', '-S', '--socket', '--dbname', '--url', '--uri', '--dsn'],
  everything: ['-A', '--all-databases', '--all-dbs'],
  database: ['-d', '-D', '-B', '--db', '--databases', '--dbs'],
  instance: ['-i', '-s', '--server', '--inst', '--instances'],
  output: [
    '-o',
    '-f',
    '-r',
    '--output',
    '--output-dir',
    '--result-file',
    '--outputdir',
    '--dir',
    '--backup-dir',
  ],
  tables: ['-t', '-T', '--table', '--tables', '--ignore-table', '--exclude-table', '-n', '--schema'],
  jobs: ['-j', '--parallel', '--threads', '--workers'],
  config: ['-c', '-C', '--conf', '--config-file'],
  force: ['-y', '--yes', '--assume-yes', '--noconfirm'],
  dryRun: ['--dry', '--simulate', '--test'],
  json: ['--json'],
  colour: ['--no-color', '--no-colour', '--color', '--colour'],
};

const commands: Readonly<Record<string, readonly string[]>> = {
  backup: ['dump', 'export', 'save', 'run', 'create', 'backup-all', 'now', 'mysqldump', 'pg_dump'],
  restore: ['import', 'load', 'recover', 'pg_restore'],
  list: ['ls', 'show', 'snapshots', 'catalog', 'info'],
  prune: ['delete', 'remove', 'rm', 'forget', 'clean', 'cleanup', 'purge', 'expire'],
  check: ['ping', 'doctor', 'connect', 'validate'],
  init: ['setup', 'configure', 'install', 'add'],
  schedule: ['cron', 'timer', 'systemd'],
  'credentials set': ['login', 'password', 'passwd', 'auth'],
  users: ['user', 'accounts', 'account', 'roles', 'grants'],
};

/**
 * What to type instead of another tool's option; undefined where nothing is known.
 *
 * @param command what the option was given to, such as `credentials set`; empty for none
 * @param has whether that command takes an option
 */
export function optionMeant(
  option: string,
  command: string,
  has: (option: string) => boolean,
): string | undefined {
  const instead = (name: string, text: string): string | undefined => (has(name) ? text : undefined);
  switch (meaningOf(options, option)) {
    case 'password':
      return command === 'credentials set'
        ? 'Everybody on this machine could read it there: leave it out, and vya asks for the password, or reads one line from stdin.'
        : 'Logins are stored, encrypted, and stand on no command line: vya credentials set ID --username NAME';
    case 'login':
      return (
        instead('--username', 'The user is named by --username NAME.') ??
        'Logins are stored, encrypted, and stand on no command line: vya credentials set ID --username NAME'
      );
    case 'server':
      return 'Servers stand in the configuration: vya init adds one, and --instance ID chooses one.';
    case 'everything':
      return command === 'backup'
        ? 'Everything that is configured is backed up when nothing is chosen: vya backup'
        : instead('--all', 'That is --all here.');
    case 'database':
      return instead('--database', 'A database is named by --database NAME.');
    case 'instance':
      return instead('--instance', 'A server is named by --instance ID.');
    case 'output':
      return command === 'backup'
        ? 'Backups go to storage.base_path of the configuration; for one run elsewhere: VYA_STORAGE__BASE_PATH=/PATH vya backup'
        : undefined;
    case 'tables':
      return command === 'backup' || command === 'restore' ? 'vya takes whole databases.' : undefined;
    case 'jobs':
      return instead('--jobs', 'That is --jobs N here.');
    case 'config':
      return 'The configuration is named by --config PATH.';
    case 'force':
      return instead('--force', 'That is --force here.');
    case 'dryRun':
      return instead('--dry-run', 'That is --dry-run here.');
    case 'json':
      return 'That is --format json here.';
    case 'colour':
      return 'NO_COLOR=1 in the environment turns colours off.';
    default:
      return undefined;
  }
}

/** The command that another tool's word means here; undefined where nothing is known. */
export function commandMeant(word: string): string | undefined {
  const command = meaningOf(commands, word);
  return command === undefined ? undefined : `That is vya ${command} here.`;
}

function meaningOf(table: Readonly<Record<string, readonly string[]>>, word: string): string | undefined {
  return Object.entries(table).find(([, words]) => words.includes(word))?.[0];
}
