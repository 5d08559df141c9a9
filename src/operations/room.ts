import type { DatabaseAdapter, Finding } from '../db/adapter.ts';
import type { Inventory } from '../model/inventory.ts';
import { freeSpace } from '../storage/free-space.ts';

/** A freshly loaded database is seldom larger than its source was; logs and sorting take room beside it. */
const margin = 1.1;

/**
 * Whether the server has room for one more copy of a database, where that can be known: on this machine. A full disk under a
 * server stops everybody's work, not only the restore.
 *
 * @param otherwise the way out, for the hint
 */
export async function roomFindings(
  adapter: DatabaseAdapter,
  inventory: Inventory,
  otherwise: string,
): Promise<Finding[]> {
  const directory = await adapter.dataDirectory(inventory);
  if (directory === undefined) return [];
  const space = await freeSpace(directory).catch(() => undefined);
  const needed = inventory.database.sizeBytes * margin;
  if (!space || space.freeBytes >= needed) return [];
  return [
    {
      severity: 'error',
      kind: 'failed',
      message: `${directory} has ${megabytes(space.freeBytes)} MB free, and a copy of the database takes about ${megabytes(needed)} MB`,
      hint: `Make room there, or ${otherwise}.`,
    },
  ];
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6);
}
