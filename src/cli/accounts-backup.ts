import { VyaError } from '../errors.ts';
import type { OpenBackup } from '../storage/open-backup.ts';
import { parseMoment } from './moment.ts';
import { nothingStored } from './nothing-stored.ts';
import type { Setup } from './setup.ts';

/** Which accounts backup is meant; nothing but an instance: the newest one of it. */
export interface AccountsSelection {
  instance?: string | undefined;
  at?: string | undefined;
  id?: string | undefined;
  file?: string | undefined;
}

/** @throws VyaError `usage` without an instance, `not-found` */
export async function chooseAccountsBackup(setup: Setup, selection: AccountsSelection): Promise<OpenBackup> {
  const { scanBackups } = await import('../storage/catalogue.ts');
  const { openBackup } = await import('../storage/open-backup.ts');
  const { selectAt, selectById, selectLatest } = await import('../storage/select.ts');
  const { file, id, at } = selection;
  if (file !== undefined) return await openBackup(file);
  const instances = setup.instances([]);
  const instance = selection.instance ?? (instances.length === 1 ? instances[0]?.id : undefined);
  if (id === undefined && instance === undefined) {
    throw new VyaError('usage', 'Whose accounts? Give --instance, --id or --file', {
      hint: 'vya list shows what there is.',
    });
  }
  const { basePath } = setup.config.storage;
  const { backups } = await scanBackups({ basePath, instance, database: null });
  if (backups.length === 0 && id === undefined)
    throw await nothingStored(basePath, { instance, database: null });
  if (id !== undefined) return await openBackup(selectById(backups, id).path);
  const moment = at === undefined ? undefined : parseMoment(at, setup.config.retention.timezone);
  return await openBackup((moment ? selectAt(backups, moment) : selectLatest(backups)).path);
}

/**
 * The accounts backup that goes with a database's: of the same storage tree, where that one lies in it, else of the configured one.
 *
 * @throws VyaError `not-found`
 */
export async function accountsBackupBeside(
  setup: Setup,
  { manifest, path }: OpenBackup,
): Promise<OpenBackup> {
  const { scanBackups } = await import('../storage/catalogue.ts');
  const { openBackup } = await import('../storage/open-backup.ts');
  const { accountsBeside } = await import('../operations/accounts/needed-accounts.ts');
  const tail = `/${manifest.id}`;
  const basePath = path.endsWith(tail) ? path.slice(0, -tail.length) : setup.config.storage.basePath;
  const { backups } = await scanBackups({ basePath, instance: manifest.instance.id, database: null });
  const entry = accountsBeside(manifest, backups);
  if (entry) return await openBackup(entry.path);
  throw new VyaError('not-found', `${basePath} holds no accounts of ${manifest.instance.id}`, {
    hint: 'Restore without --with-accounts; vya users backup makes a backup of accounts.',
  });
}
