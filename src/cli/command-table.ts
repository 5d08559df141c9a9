import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { CliContext } from './context.ts';

/** A command as `vya --help` lists it. Its flags and its work are loaded when it is named. */
interface CommandEntry {
  name: string;
  description: string;
  load(context: CliContext): Promise<CommandUnknownOpts>;
}

/** The commands in the order in which the help shows them. */
export const commandTable: readonly CommandEntry[] = [
  {
    name: 'init',
    description: 'Begin: connect to a server, write a configuration, and say what a backup would still lack.',
    load: async (context) => (await import('./commands/init.ts')).initCommand(context),
  },
  {
    name: 'backup',
    description: 'Dump databases into the storage tree, then apply retention to those that succeeded.',
    load: async (context) => (await import('./commands/backup.ts')).backupCommand(context),
  },
  {
    name: 'list',
    description: 'Show what can be restored, newest first.',
    load: async (context) => (await import('./commands/list.ts')).listCommand(context),
  },
  {
    name: 'restore',
    description:
      'Restore one database: over itself, under another name, or onto another instance. Or, with --all, a whole server.',
    load: async (context) => (await import('./commands/restore.ts')).restoreCommand(context),
  },
  {
    name: 'verify',
    description: 'Prove that backups are whole, and with --rehearse that they restore.',
    load: async (context) => (await import('./commands/verify.ts')).verifyCommand(context),
  },
  {
    name: 'prune',
    description: 'Apply retention: delete old backups, with a reason for each that stays or goes.',
    load: async (context) => (await import('./commands/prune.ts')).pruneCommand(context),
  },
  {
    name: 'users',
    description: 'Users, roles and grants of a server.',
    load: async (context) => (await import('./commands/users.ts')).usersCommand(context),
  },
  {
    name: 'pin',
    description: 'Keep a backup, whatever retention says.',
    load: async (context) => (await import('./commands/pin.ts')).pinCommand(context),
  },
  {
    name: 'unpin',
    description: 'Let retention decide about a backup again.',
    load: async (context) => (await import('./commands/pin.ts')).unpinCommand(context),
  },
  {
    name: 'check',
    description:
      'Look what would go wrong in a backup: connections, versions, privileges, programs, storage, space.',
    load: async (context) => (await import('./commands/check.ts')).checkCommand(context),
  },
  {
    name: 'status',
    description: 'Show the last good backup of every database, what proves it, and how storage is used.',
    load: async (context) => (await import('./commands/status.ts')).statusCommand(context),
  },
  {
    name: 'health',
    description: 'Give one verdict for monitoring: 0 ok, 1 warning, 2 critical, 3 unknown.',
    load: async (context) => (await import('./commands/health.ts')).healthCommand(context),
  },
  {
    name: 'metrics',
    description: "Print the state of all backups as Prometheus' text format.",
    load: async (context) => (await import('./commands/metrics.ts')).metricsCommand(context),
  },
  {
    name: 'report',
    description: 'Write a page for people: a year of backups, sizes, times, and what failed.',
    load: async (context) => (await import('./commands/report.ts')).reportCommand(context),
  },
  {
    name: 'schedule',
    description: 'Back up every night: with a systemd timer, or with cron.',
    load: async (context) => (await import('./commands/schedule.ts')).scheduleCommand(context),
  },
  {
    name: 'notify',
    description: 'Try out whom backups tell how they ended.',
    load: async (context) => (await import('./commands/notify.ts')).notifyCommand(context),
  },
  {
    name: 'credentials',
    description: 'Keep the encrypted user names and passwords.',
    load: async (context) => (await import('./commands/credentials.ts')).credentialsCommand(context),
  },
  {
    name: 'config',
    description: 'Look at the configuration.',
    load: async (context) => (await import('./commands/config.ts')).configCommand(context),
  },
  {
    name: 'completion',
    description: 'Print what a shell reads to complete commands, options, instances, databases and backups.',
    load: async (context) => (await import('./commands/completion.ts')).completionCommand(context),
  },
];
