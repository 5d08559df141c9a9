import { Command, Option } from '@commander-js/extra-typings';
import { count } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { asLines } from '../output/print.ts';
import { askConfirmation } from '../prompt.ts';
import { openSetup } from '../setup.ts';
import { checkOutcome } from './check.ts';

export function initCommand(context: CliContext) {
  return new Command('init')
    .addOption(new Option('--type <kind>', 'what kind of server').choices(['mysql', 'mariadb', 'postgresql']))
    .option('--id <name>', 'what it is called in commands and folders (default: main)')
    .addOption(new Option('--host <name>', 'host name or address (default: 127.0.0.1)').conflicts('socket'))
    .option('--socket <path>', 'its Unix socket instead; for PostgreSQL the directory')
    .option('--port <n>', 'its port (default: 3306, for PostgreSQL 5432)', count)
    .option('--username <name>', 'the database user that makes the backups')
    .option('--passwordless', 'log in without a password: by the name of the system user (peer, unix_socket)')
    .option('--storage <path>', 'where backups are kept (default: /var/backups/vya)')
    .option('--backup', 'make the first backup at once')
    .addHelpText('after', examples)
    .action(async ({ backup, ...flags }, command) => {
      const { initialise } = await import('../init/initialise.ts');
      const made = await initialise(context, command, flags);
      const told = [
        `Connected to ${made.server}.`,
        `${made.added ? 'Added to' : 'Wrote'} ${made.configPath}.`,
        ...(made.credentialsPath === undefined
          ? []
          : [`Stored the credential ${made.id} in ${made.credentialsPath}.`]),
      ];
      context.stderr.write(`${told.join('\n')}\n`);
      const setup = await openSetup(context, command);
      const { check } = await import('../../operations/check.ts');
      const instances = setup.instances([made.id]);
      const checked = checkOutcome(
        await check({ instances, storage: setup.config.storage }, setup.operation),
      );
      const next = 'vya backup makes the first backup, vya schedule install one every night.';
      const outcome = { ...checked, json: { ...checked.json, ...made }, text: [checked.text, next].flat() };
      const wanted =
        backup ?? (checked.code === 0 && (await askConfirmation(context, 'Make the first backup now?')));
      if (!wanted || checked.code !== 0) return context.finish(outcome);
      context.stderr.write(`${asLines(checked.text, context.stderr)}\n\n`);
      const { runBackup } = await import('../run-backup.ts');
      context.finish(await runBackup(setup, { instance: [made.id] }));
    });
}

const examples = `
Examples:
  vya init
  vya init --type postgresql --socket /run/postgresql --username postgres --passwordless
  vya init --type mariadb --host db1 --username backup --storage /srv/backups --backup < password-file

On a terminal it asks for what no flag says. The connection is tried before anything is written; then the server is added to the
configuration, and what vya check finds is printed, with the statements that grant what is missing. An account for backups:
  MariaDB     GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, BINLOG MONITOR, RELOAD ON *.* TO backup@localhost;
  MySQL       GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, REPLICATION CLIENT, SHOW_ROUTINE, LOCK TABLES ON *.* TO backup@localhost;
  PostgreSQL  GRANT pg_read_all_data TO backup;`;
