import { Command, Option } from '@commander-js/extra-typings';
import { accountLabel } from '../../model/account-label.ts';
import type { Account, AccountSet } from '../../model/accounts.ts';
import type { OpenBackup } from '../../storage/open-backup.ts';
import { chooseAccountsBackup } from '../accounts-backup.ts';
import { fromOption, idOption } from '../arguments.ts';
import type { CliContext, Outcome } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { describeProblems } from '../output/problems.ts';
import { privilegesInShort, rolesInShort } from '../output/account-summary.ts';
import { openSetup } from '../setup.ts';

export function usersListCommand(context: CliContext) {
  return new Command('list')
    .description('Show the accounts that a backup holds.')
    .option('--instance <id>', 'instance that the backup was made of')
    .addOption(new Option('--latest', 'the newest backup (default)').conflicts(['id', 'file']))
    .addOption(idOption())
    .option('--file <path>', 'a backup directory from anywhere')
    .addOption(fromOption().conflicts('file'))
    .addHelpText('after', examples)
    .action(async (options, command) => {
      const setup = await openSetup(context, command);
      const { readAccountsBackup } = await import('../../operations/accounts/account-files.ts');
      const backup = await chooseAccountsBackup(setup, options);
      context.finish(listOutcome(backup, await readAccountsBackup(backup, setup.operation)));
    });
}

const examples = `
Examples:
  vya users list --instance prod
  vya users list --file /mnt/usb/prod/@accounts/20260109T020000Z --format json | jq -r '.accounts[].user'

Password hashes are never shown. (PostgreSQL's privileges on objects are in the backups of the databases.)`;

function listOutcome({ manifest }: OpenBackup, { source, accounts }: AccountSet): Outcome {
  const { id, warnings } = manifest;
  const rows = accounts.map((account) => [
    account.user,
    account.host ?? '',
    privilegesInShort(account),
    rolesInShort(account),
    notesOf(account).join(', '),
  ]);
  const tablespaces = source.tablespaces.map(
    ({ name, owner, location }) => `tablespace ${name} of ${owner} at ${location}: not part of the backup`,
  );
  return {
    code: exitCodes.success,
    json: {
      status: 'ok',
      code: 0,
      id,
      accounts: accounts.map(accountAsJson),
      tablespaces: source.tablespaces,
      warnings,
    },
    text: [
      `${id}: ${accounts.length} accounts`,
      {
        header: ['USER', 'HOST', 'PRIVILEGES', 'ROLES', 'NOTES'],
        rows,
        fold: ['PRIVILEGES', 'ROLES', 'NOTES'],
        drop: ['NOTES', 'ROLES'],
      },
      ...describeProblems('accounts', { warnings: [...warnings, ...tablespaces] }),
    ],
  };
}

function notesOf({ kind, locked, administrator, problems }: Account): string[] {
  return [
    ...(kind === 'user' ? [] : [kind]),
    ...(locked && kind === 'user' ? ['locked'] : []),
    ...(administrator ? ['administrator'] : []),
    ...(problems.length > 0 ? ['not whole'] : []),
  ];
}

function accountAsJson(account: Account): unknown {
  const { user, host, kind, locked, administrator, memberships, defaultRoles, grants, problems } = account;
  return {
    name: accountLabel(account),
    user,
    host: host ?? null,
    kind,
    locked,
    administrator,
    privileges: privilegesInShort(account),
    roles: memberships,
    defaultRoles,
    grants,
    problems,
  };
}
