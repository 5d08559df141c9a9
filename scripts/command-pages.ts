import type { CommandHelp } from './command-help.ts';

/** docs/commands.md: what `--help` prints, command by command. */
export function commandsAsMarkdown(commands: readonly CommandHelp[]): string {
  const sections = commands.map(({ name, text }) => `## ${name}\n\n\`\`\`text\n${text}\n\`\`\`\n`);
  return ['# Commands\n', 'What `vya COMMAND --help` prints, written by `npm run docs`.\n', ...sections].join(
    '\n',
  );
}

/** The man page vya(1), from the same source. */
export function commandsAsManual(commands: readonly CommandHelp[]): string {
  const [program, ...others] = commands as [CommandHelp, ...CommandHelp[]];
  return [
    '.TH VYA 1 "" "" "User Commands"',
    '.SH NAME',
    `vya \\- ${roff(program.description)}`,
    '.SH SYNOPSIS',
    `.B ${roff(program.usage)}`,
    '.SH DESCRIPTION',
    'Dumps databases with their own client programs into a tree of files with checksums and manifests, thins old backups out,',
    'restores them beside what they replace, and carries users, roles and grants.',
    ...optionsAsRoff('.SH OPTIONS OF EVERY COMMAND', program),
    '.SH COMMANDS',
    ...others.flatMap(commandAsRoff),
    '.SH EXAMPLES, EXIT STATUS',
    ...block(program.closing),
    '.SH ENVIRONMENT',
    ...terms([
      ['VYA_CONFIG_PATH', 'the configuration file, where \\-\\-config names none'],
      ['VYA_SECRET_KEY', "a Fernet key that takes the host name's place in encrypting credentials"],
      ['VYA_LOG_LEVEL, VYA_SECRETS_PATH, VYA_DRY_RUN', 'go before the same settings of the configuration'],
      [
        'VYA_STORAGE__BASE_PATH and the like',
        'any other setting: its path in capitals, with two underscores between its parts',
      ],
      ['NO_COLOR', 'turns colours off'],
    ]),
    '.SH FILES',
    ...terms([
      [
        './config/config.yaml, $XDG_CONFIG_HOME/vya/config.yaml, /etc/vya/config.yaml',
        'the configuration; the first that is there',
      ],
      ['/etc/vya/secrets/credentials.json', 'encrypted user names and passwords'],
      ['/var/backups/vya', 'the backups, where the configuration says nothing else'],
    ]),
    '.SH SEE ALSO',
    '.BR mysqldump (1), mariadb-dump (1), pg_dump (1), pg_restore (1), zstd (1)',
    '',
  ].join('\n');
}

function commandAsRoff(command: CommandHelp): string[] {
  return [
    `.SS ${roff(command.name)}`,
    roff(command.description),
    '.PP',
    `.B ${roff(command.usage)}`,
    ...optionsAsRoff(undefined, command),
    ...(command.closing === '' ? [] : block(command.closing)),
  ];
}

function optionsAsRoff(heading: string | undefined, { options }: CommandHelp): string[] {
  if (options.length === 0) return [];
  return [
    ...(heading === undefined ? [] : [heading]),
    ...terms(options.map(({ flags, description }) => [roff(flags), roff(description)])),
  ];
}

/** Terms and texts that are roff already. */
function terms(pairs: readonly (readonly [term: string, text: string])[]): string[] {
  return pairs.flatMap(([term, text]) => ['.TP', `.B ${term}`, text]);
}

/** Text whose lines stay as they are. */
function block(text: string): string[] {
  return ['.PP', '.nf', ...text.split('\n').map(roff), '.fi'];
}

/** Dashes stay dashes that can be copied into a shell; a line must not begin like a request; ASCII alone is read everywhere. */
function roff(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/[^\0-\x7f]/gu, (character) => `\\[u${codePoint(character)}]`);
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

function codePoint(character: string): string {
  return (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
}
