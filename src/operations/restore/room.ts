import type { DatabaseAdapter } from '../../db/adapter.ts';
import type { Finding } from '../../db/finding.ts';
import type { Inventory } from '../../model/inventory.ts';
import { freeSpace } from '../../storage/free-space.ts';

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

/**
 * The same for several databases that are loaded one after the other. One that replaces another takes its room only until that has
 * been dropped.
 */
export async function roomForAll(
  adapter: DatabaseAdapter,
  databases: readonly { inventory: Inventory; replaced: boolean }[],
): Promise<Finding[]> {
  const directories = new Map<string, { added: number; beside: number }>();
  for (const { inventory, replaced } of databases) {
    const directory = await adapter.dataDirectory(inventory);
    if (directory === undefined) continue;
    const { added, beside } = directories.get(directory) ?? { added: 0, beside: 0 };
    const size = inventory.database.sizeBytes * margin;
    directories.set(
      directory,
      replaced ? { added, beside: Math.max(beside, size) } : { added: added + size, beside },
    );
  }
  const findings: Finding[] = [];
  for (const [directory, { added, beside }] of directories) {
    const space = await freeSpace(directory).catch(() => undefined);
    if (!space || space.freeBytes >= added + beside) continue;
    findings.push({
      severity: 'error',
      kind: 'failed',
      message: `${directory} has ${megabytes(space.freeBytes)} MB free, and the databases together take about ${megabytes(added + beside)} MB`,
      hint: 'Make room there, or restore one database after the other with --database, the most important ones first.',
    });
  }
  return findings;
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6);
}
