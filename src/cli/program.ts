import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { commandTable } from './command-table.ts';
import type { CliContext } from './context.ts';

const description = 'Backs up and restores MySQL, MariaDB and PostgreSQL servers.';

const closing = `
Examples:
  vya check                                         look what would go wrong in a backup
  vya backup                                        back up everything that is configured
  vya list                                          what can be restored
  vya restore --instance prod --database shop --latest --target-database shop_copy

Exit codes:
  0 success                      6 server not reachable or login refused
  1 some failed, others not      7 no such backup or file
  2 everything failed            8 verification failed
  3 usage or configuration       9 not enough privileges
  4 credentials                 10 a bug in vya
  5 storage not usable          11 another run holds the lock
  129, 130, 143 ended by SIGHUP, SIGINT, SIGTERM`;

/**
 * The command line, with the flags of those commands that its words may mean. Usage errors are thrown as CommanderError, never
 * printed or exited on here.
 */
export async function buildProgram(
  context: CliContext,
  version: string,
  words: readonly string[],
): Promise<CommandUnknownOpts> {
  const program = new Command('vya')
    .description(description)
    .version(version, '--version', 'print the version')
    .option('--config <path>', 'configuration file (default: see the README, “Configuration”)')
    .addOption(
      new Option('--format <format>', 'how results are printed').choices(['text', 'json']).default('text'),
    )
    .option('-v, --verbose', 'debug messages, and stack traces of errors')
    .option('-q, --quiet', 'only errors')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', closing);
  for (const { name, description, load } of commandTable) {
    // A word that is no command's name but a value costs no more than loading what it names.
    const command = words.includes(name) ? await load(context) : new Command(name);
    program.addCommand(command.description(description));
  }
  if (words.includes('complete')) {
    const { completeCommand } = await import('./commands/completion.ts');
    program.addCommand(completeCommand(context), { hidden: true });
  }
  settle(program, context);
  return program;
}

/** `addCommand` hands none of this down, and without it a usage error ends with commander's code 1. */
function settle(command: CommandUnknownOpts, context: CliContext): void {
  command.helpOption('-h, --help', 'print this help').configureHelp({
    showGlobalOptions: true,
    // Alike for the commands that are loaded and those that are not.
    subcommandTerm: (child) => child.name(),
  });
  command.exitOverride().configureOutput({
    writeOut: (text) => void context.stdout.write(text),
    // The error arrives as an exception; main.ts prints it once, in the format that was asked for.
    writeErr: () => {},
    getOutHelpWidth: () => context.stdout.columns ?? 100,
  });
  for (const child of command.commands) settle(child, context);
}
