import { VyaError } from '../../errors.ts';
import type { Inventory } from '../../model/inventory.ts';
import { scanBackups } from '../../storage/catalogue.ts';
import { freeSpace } from '../../storage/free-space.ts';
import type { Place } from '../../storage/layout.ts';
import { openBackup } from '../../storage/open-backup.ts';

/** Part of a database's size that its first backup is expected to take: indexes are not dumped, and dumps compress. */
const firstShare = 0.3;
/** What is expected may be too little by this factor. */
const reserve = 1.2;

/** Bytes that the next backup of a database will probably take: by how its last one compressed, or by the rule where there is none. */
export async function expectedSize(basePath: string, place: Place, inventory: Inventory): Promise<number> {
  const { sizeBytes } = inventory.database;
  const { backups } = await scanBackups({ basePath, ...place, limit: 1 });
  const [last] = backups;
  if (!last?.complete) return sizeBytes * firstShare;
  // A damaged manifest of yesterday must not stop today's backup.
  const earlier = await openBackup(last.path).catch(() => undefined);
  const before = earlier?.manifest.inventory?.database.sizeBytes ?? 0;
  const grown = before > 0 ? sizeBytes / before : 1;
  // Sizes come from the server's statistics, which may have been old: a backup seldom takes more than the database or the last one did.
  return Math.min(last.sizeBytes * grown, Math.max(last.sizeBytes, sizeBytes)) * reserve;
}

/**
 * Refuses a dump for which there is no room, before it fills the disk.
 *
 * @throws VyaError `storage`
 */
export async function assertSpaceFor(basePath: string, place: Place, inventory: Inventory): Promise<void> {
  const needed = await expectedSize(basePath, place, inventory);
  const { freeBytes } = await freeSpace(basePath);
  if (freeBytes >= needed) return;
  throw new VyaError(
    'storage',
    `${basePath} has ${Math.floor(freeBytes / 1e6)} MB free, and the backup of ${place.database} will take about ${Math.ceil(needed / 1e6)} MB`,
    {
      hint: 'Free space there, lower retention and run vya prune, or set storage.base_path to another disk.',
    },
  );
}
