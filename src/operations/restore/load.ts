import type { LoadOptions, LoadStep, StoredPart } from '../../db/adapter.ts';
import type { ObjectPart } from '../../db/replacement.ts';
import { VyaError } from '../../errors.ts';
import type { Command } from '../../exec/command.ts';
import { type PipelineOptions, runPipeline } from '../../exec/pipeline.ts';
import type { Inventory } from '../../model/inventory.ts';
import type { OpenBackup } from '../../storage/open-backup.ts';
import { decompressor } from '../../storage/codecs.ts';
import type { OperationContext } from '../context.ts';
import type { Session } from '../session.ts';
import { storedParts } from '../stored-backup.ts';
import { retryConnecting } from '../try-again.ts';

export interface LoadRequest {
  parts: readonly StoredPart[];
  codec: 'zstd' | 'gzip' | 'none';
  database: string;
  /** Events of a copy must not run beside the original's. */
  disableEvents: boolean;
  options: Omit<LoadOptions, 'programs'>;
  onBytes?: (bytes: number) => void;
}

/**
 * Loads parts of a backup into a database, one after the other.
 *
 * @throws VyaError `failed` with what the client program said
 */
export async function loadParts(
  session: Session,
  request: LoadRequest,
  context: OperationContext,
): Promise<void> {
  const { signal, env } = context;
  const decompress = await decompressor(request.codec, env);
  for (const part of request.parts) {
    const options = { ...request.options, programs: session.programs, disableEvents: request.disableEvents };
    const step = session.adapter.loadStep(part, request.database, options);
    try {
      const how = { signal, output: 'drop', onBytes: request.onBytes } as const;
      const load = () => loadPart(part, step, decompress, how);
      // Of several jobs one may have been turned away after others have begun.
      const whole = part.format === 'pg-directory' && options.jobs > 1 && !step.reader;
      await (whole ? load() : retryConnecting(session.adapter.target, context, load));
    } catch (error) {
      const sessions = session.adapter.clientSessions(request.database, [step.command]);
      // A server that is gone has no sessions either.
      await sessions.end().catch(() => {});
      throw error;
    }
  }
}

async function loadPart(
  part: StoredPart,
  step: LoadStep,
  decompress: Command | undefined,
  how: Omit<PipelineOptions, 'input'>,
): Promise<void> {
  if (step.rewrite) {
    const content = await readSmallPart(part, decompress, how.signal);
    await runPipeline([step.command], { ...how, input: step.rewrite(content), onBytes: undefined });
  } else {
    const file = part.format === 'pg-directory' ? undefined : part.path;
    const commands = [file ? decompress : undefined, step.reader, step.filter, step.command];
    await runPipeline(
      commands.filter((command) => command !== undefined),
      { ...how, input: file },
    );
  }
}

/** A part that has to be changed on its way in: `output: 'keep'` bounds its size. */
async function readSmallPart(
  part: StoredPart,
  decompress: Command | undefined,
  signal: AbortSignal,
): Promise<Buffer> {
  const reader = decompress ?? { file: 'cat', args: [], env: { PATH: '/usr/bin:/bin' } };
  return await runPipeline([reader], { signal, input: part.path, output: 'keep' });
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

/** Parts that MySQL creates only once the tables have their final names. */
export function holdsOnlyObjects(part: { holds: readonly string[] }): boolean {
  return !part.holds.some((content) => ofTables.has(content));
}

const ofTables = new Set(['tables', 'definitions', 'rows', 'everything']);

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
