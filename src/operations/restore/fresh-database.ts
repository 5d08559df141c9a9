import type { StoredPart } from '../../db/adapter.ts';
import { asVyaError } from '../../errors.ts';
import type { Inventory } from '../../model/inventory.ts';
import { scratchName } from '../../model/scratch-names.ts';
import type { OpenBackup } from '../../storage/open-backup.ts';
import { type Comparison, compareRestored, withMeasures } from './compare-contents.ts';
import type { OperationContext } from '../context.ts';
import { inventoryOf, loadParts, type LoadRequest } from './load.ts';
import type { Session } from '../session.ts';
import { storedParts } from '../stored-backup.ts';

/**
 * Makes an empty database with the source's encoding and collation, lets `work` use it, and drops it whatever happens.
 * `work` may give it another name, which keeps it.
 */
export async function withFreshDatabase<T>(
  { adapter }: Session,
  inventory: Inventory,
  purpose: 'restore' | 'rehearsal',
  context: OperationContext,
  work: (name: string) => Promise<T>,
): Promise<T> {
  const name = scratchName(purpose, adapter.server.identity);
  await adapter.createDatabase(name, inventory);
  try {
    return await work(name);
  } finally {
    await adapter.dropDatabase(name).catch((error: unknown) => {
      const message = `${name} could not be dropped: ${asVyaError(error).message}`;
      context.log.warning({ instance: adapter.target.id }, message);
    });
  }
}

/**
 * Loads a whole backup into a fresh database, its events disabled, and compares it with the manifest's inventory: its rows, too, where
 * the backup has exact counts.
 *
 * @throws VyaError `failed` with what the client program said
 */
export async function loadAndCompare(
  session: Session,
  backup: OpenBackup,
  request: Omit<LoadRequest, 'parts' | 'codec' | 'disableEvents' | 'inventory'>,
  label: string,
  context: OperationContext,
): Promise<Comparison> {
  const { files, compression } = backup.manifest;
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const task = context.progress.begin(label, total);
  const inventory = inventoryOf(backup);
  const moved = new Map<StoredPart, number>();
  const onBytes = (part: StoredPart, bytes: number): void => {
    moved.set(part, bytes);
    task.update([...moved.values()].reduce((sum, each) => sum + each, 0));
  };
  try {
    const parts = await storedParts(backup);
    const how = { codec: compression.codec, disableEvents: true, inventory, onBytes };
    await loadParts(session, { ...request, ...how, parts }, context);
  } finally {
    task.done();
  }
  return await compareWithManifest(session, inventory, request.database);
}

async function compareWithManifest(
  { adapter }: Session,
  expected: Inventory,
  database: string,
): Promise<Comparison> {
  const found = await adapter.inventory(database);
  if (!expected.measured) return compareRestored(expected, found);
  return compareRestored(expected, withMeasures(found, await adapter.measure(database, found)));
}
