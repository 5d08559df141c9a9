import { VyaError } from '../../errors.ts';
import type { EngineType } from '../../model/instance.ts';
import { scratchPrefix } from '../../model/scratch-names.ts';
import { isSystemDatabase } from '../../model/system-databases.ts';

/** MySQL counts characters. PostgreSQL counts bytes, and silently cuts what is longer. */
const limits: Record<EngineType, { most: number; unit: string; length: (name: string) => number }> = {
  mysql: { most: 64, unit: 'characters', length: (name) => Array.from(name).length },
  postgresql: { most: 63, unit: 'bytes', length: (name) => Buffer.byteLength(name) },
};

/**
 * Refuses names under which no database may be restored: the server's own, which a restore would replace, vya's scratch
 * names, which no backup takes, and those that the engine would cut. `postgres` may be restored from a backup of itself.
 *
 * @throws VyaError `usage`
 */
export function assertTargetName(type: EngineType, name: string, source: string | null): void {
  const { most, unit, length } = limits[type];
  const reason =
    isSystemDatabase(type, name) && !(name === 'postgres' && source === 'postgres')
      ? "is one of the server's own databases"
      : name.startsWith(scratchPrefix)
        ? 'is a name that vya keeps for scratch databases'
        : length(name) > most || name === ''
          ? `does not have from 1 to ${most} ${unit}`
          : undefined;
  if (reason === undefined) return;
  throw new VyaError('usage', `Nothing is restored as “${name}”: it ${reason}`, {
    hint: 'Give another name with --target-database.',
  });
}

/** What may be replaced by a swap, may not always be dropped first. Throws VyaError `usage`. */
export function assertDroppable(type: EngineType, name: string): void {
  if (!isSystemDatabase(type, name)) return;
  throw new VyaError('usage', `“${name}” is needed by its server and is never dropped first`, {
    hint: 'Leave --replace-in-place out, or give another name with --target-database.',
  });
}
