import { Command, Option } from '@commander-js/extra-typings';
import { VyaError } from '../../errors.ts';
import { chooseAccountsBackup } from '../accounts-backup.ts';
import { atOption, credentialOption, fromOption, idOption, severalOption, waitOption } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { accountsRestoreOutcome } from '../output/accounts-restore.ts';
import { printable } from '../output/format.ts';
import { askConfirmation } from '../prompt.ts';
import { openSetup } from '../setup.ts';

export function usersRestoreCommand(context: CliContext) {
  return new Command('restore')
    .description('Make accounts of a server what they are in a backup.')
    .option('--instance <id>', 'instance that the backup was made of')
    .addOption(new Option('--latest', 'the newest backup (default)').conflicts(['at', 'id', 'file']))
    .addOption(atOption())
    .addOption(idOption())
    .option('--file <path>', 'a backup directory from anywhere')
    .addOption(fromOption().conflicts('file'))
    .option('--target-instance <id>', 'instance to restore into (default: --instance)')
    .addOption(credentialOption())
    .addOption(severalOption('--user <name>', 'this account: user, user@host or a pattern', 'none'))
    .option('--all', 'every account of the backup')
    .option('--skip-existing', 'leave accounts alone that exist already')
    .option('--dry-run', 'print the difference; change nothing')
    .option('--force', 'change existing accounts without asking')
    .addOption(waitOption())
    .addHelpText('after', examples)
    .action(async (options, command) => {
      if (options.user.length > 0 === (options.all ?? false)) throw needsChoice();
      const setup = await openSetup(context, command);
      const backup = await chooseAccountsBackup(setup, options);
      const id = options.targetInstance ?? options.instance ?? backup.manifest.instance.id;
      const { restoreAccounts } = await import('../../operations/accounts/restore-accounts.ts');
      const report = await restoreAccounts(
        {
          backup,
          storage: setup.config.storage,
          open: setup.instance(id, options.credential).open,
          users: options.user,
          skipExisting: options.skipExisting ?? false,
          dryRun: options.dryRun ?? setup.config.dryRun,
          waitSeconds: options.wait,
          confirmChange: async ({ instance, accounts }) =>
            options.force ??
            (await askConfirmation(context, `Change ${accounts.map(printable).join(', ')} on ${instance}?`)),
        },
        setup.operation,
      );
      context.finish(accountsRestoreOutcome(report));
    });
}

const examples = `
Examples:
  vya users restore --instance prod --all --target-instance new --dry-run
  vya users restore --instance prod --all --target-instance new
  vya users restore --instance prod --user app --user 'report_*' --force

Accounts that are missing are created with their old passwords; others are changed only when you say yes on a terminal, or
with --force. The account that vya logs in with and administrators are changed only when they are named. Accounts that the
backup does not hold are left alone. A second run does only what is missing.`;

function needsChoice(): VyaError {
  return new VyaError('usage', 'Which accounts? Give either --user NAME or --all', {
    hint: 'vya users list shows what a backup holds.',
  });
}
