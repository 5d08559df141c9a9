import { Command } from '@commander-js/extra-typings';
import type { CliContext } from '../context.ts';
import { usersBackupCommand } from './users-backup.ts';
import { usersListCommand } from './users-list.ts';
import { usersRestoreCommand } from './users-restore.ts';

export function usersCommand(context: CliContext) {
  return new Command('users')
    .addCommand(usersBackupCommand(context))
    .addCommand(usersListCommand(context))
    .addCommand(usersRestoreCommand(context));
}
