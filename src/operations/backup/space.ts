import { VyaError } from '../../errors.ts';
import type { Inventory } from '../../model/inventory.ts';
import { scanBackups } from '../../storage/catalogue.ts';
import { freeSpace } from '../../storage/free-space.ts';
import type { Place } from '../../storage/layout.ts';

/** Part of a database's size that its first backup is expected to take: indexes are not dumped, and dumps compress. */
const firstShare = 0.3;
/** A last backup may have grown by this factor. */
const growth = 1.2;

/**
 * Bytes that the next backup of a database will probably take: as its last one did for its size, or a share of the
 * database's size where there is none.
 */
export async function expectedSize(basePath: string, place: Place, inventory: Inventory): Promise<number> {
  const { backups } = await scanBackups({ basePath, ...place, limit: 1 });
  const [last] = backups;
  return last?.complete ? last.sizeBytes * growth : inventory.database.sizeBytes * firstShare;
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
