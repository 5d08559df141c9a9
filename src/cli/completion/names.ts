import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { loadConfiguration } from '../configuration.ts';
import type { CliContext } from '../context.ts';
import type { Names } from './candidates.ts';

/** How many backups are offered: more nobody chooses from. */
const mostBackups = 200;

/** Names from the configuration and the storage; no server is asked, because a key was pressed. */
export function storedNames(context: CliContext, command: CommandUnknownOpts): Names {
  const load = async () => (await loadConfiguration(context, command)).config;
  return {
    async instances() {
      return (await load()).instances.map(({ id }) => id);
    },
    async databases(instance) {
      const { findBackupDirectories } = await import('../../storage/find-directories.ts');
      const { basePath } = (await load()).storage;
      const { directories } = await findBackupDirectories({ basePath, instance });
      return [...new Set(directories.flatMap(({ database }) => database ?? []))].toSorted();
    },
    async backups() {
      const { findBackupDirectories } = await import('../../storage/find-directories.ts');
      const { directories } = await findBackupDirectories({ basePath: (await load()).storage.basePath });
      const newestFirst = directories.toSorted((a, b) => b.takenAt.getTime() - a.takenAt.getTime());
      return newestFirst.slice(0, mostBackups).map(({ id }) => id);
    },
  };
}
