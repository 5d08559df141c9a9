import type { StoredPart } from '../../db/adapter.ts';
import type { LoadOptions } from '../../db/load-step.ts';
import type { ObjectPart } from '../../db/replacement.ts';
import { VyaError } from '../../errors.ts';
import type { Inventory } from '../../model/inventory.ts';
import type { OpenBackup } from '../../storage/open-backup.ts';
import { decompressor } from '../../storage/codecs.ts';
import type { OperationContext } from '../context.ts';
import type { Session } from '../session.ts';
import { storedParts } from '../stored-backup.ts';
import { loadPart, readSmallPart } from './load-part.ts';
import { loadRows } from './load-rows.ts';

export interface LoadRequest {
  parts: readonly StoredPart[];
  codec: 'zstd' | 'gzip' | 'none';
  database: string;
  /** What there will be. */
  inventory: Inventory;
  /** Events of a copy must not run beside the original's. */
  disableEvents: boolean;
  options: Omit<LoadOptions, 'programs'>;
  /** Bytes of a part that have been read so far. */
  /** Bytes of a part that were read so far. */
  onBytes?: (part: StoredPart, bytes: number) => void;
}

/**
 * Loads parts of a backup into a database, one after the other; but those that hold rows alone, several at the same time.
 *
 * @throws VyaError `failed` with what the client program said; `verification` when a part is at fault
 */
export async function loadParts(
  session: Session,
  request: LoadRequest,
  context: OperationContext,
): Promise<void> {
  const { parts } = request;
  const decompress = await decompressor(request.codec, context.env);
  const load = (part: StoredPart, signal = context.signal) =>
    loadPart(session, part, decompress, request, { ...context, signal });
  const rows = parts.filter(holdsRows);
  const firstRows = parts.findIndex(holdsRows);
  const before = firstRows < 0 ? parts : parts.slice(0, firstRows);
  for (const part of before) await load(part);
  if (rows.length > 0) await loadRows(session, rows, request, load, context);
  for (const part of parts.slice(before.length)) if (!holdsRows(part)) await load(part);
}

function holdsRows({ holds }: StoredPart): boolean {
  return holds.includes('rows');
}

/** The parts that hold only objects, which MySQL creates once the tables have their final names. */
export async function readObjects(
  backup: OpenBackup,
  { signal, env }: OperationContext,
): Promise<ObjectPart[]> {
  const decompress = await decompressor(backup.manifest.compression.codec, env);
  const objects: ObjectPart[] = [];
  for (const part of await storedParts(backup)) {
    if (!holdsOnlyObjects(part)) continue;
    objects.push({ holds: part.holds, content: await readSmallPart(part, decompress, signal) });
  }
  return objects;
}

const withTables = new Set(['tables', 'definitions', 'rows', 'everything']);

/** Parts that MySQL creates only once the tables have their final names. */
export function holdsOnlyObjects(part: { holds: readonly string[] }): boolean {
  return !part.holds.some((content) => withTables.has(content));
}

/**
 * What a backup of a database holds by name.
 *
 * @throws VyaError `usage` for a backup of accounts
 */
export function inventoryOf({ manifest }: OpenBackup): Inventory {
  if (manifest.inventory) return manifest.inventory;
  throw new VyaError('usage', `${manifest.id} holds accounts, not a database`, {
    hint: 'vya list shows the backups of databases.',
  });
}
