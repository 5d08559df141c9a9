import { asVyaError } from '../../errors.ts';
import { codecOf } from '../../storage/codecs.ts';
import { lookAtFiles, verifyFiles } from '../../storage/verify-files.ts';
import { ZstdFrames } from '../../storage/zstd-frames.ts';
import type { OpenBackup } from '../../storage/open-backup.ts';
import { readEnds, readPart } from '../archive.ts';
import type { OperationContext } from '../context.ts';
import type { Session } from '../session.ts';
import { assertUndamaged, largestOf, storedParts } from '../stored-backup.ts';
import { holdsOnlyObjects } from './load.ts';

/**
 * What is looked at before the first byte of a backup is loaded that has not been read to its end: that its files are there with their
 * sizes and lead nowhere else, and the small parts that hold code, whole.
 *
 * @throws VyaError `verification`
 */
export async function assertLoadable(
  backup: OpenBackup,
  { engine, programs }: Session,
  context: OperationContext,
  { statements }: { statements: boolean },
): Promise<void> {
  const { signal, env } = context;
  assertUndamaged(backup, await lookAtFiles(backup));
  const loading = statements ? { sourceDatabase: backup.manifest.database ?? '' } : undefined;
  const largest = largestOf(backup);
  for (const part of await storedParts(backup)) {
    // An archive that leads out of its directory is refused here.
    engine.archiveCheck(part, programs);
    if (holdsOnlyObjects(part)) await readPart(engine, part, { signal, env, programs, loading, largest });
  }
}

/**
 * Lets `load` fill a fresh database while everything is proven that the load does not prove by itself: the checksums, and the ends of
 * data files. A failed proof ends the load at once; a load that fails waits for the proof, because damage is the better reason.
 *
 * @throws VyaError `verification`, or what `load` throws
 */
export async function proveBeside<T>(
  backup: OpenBackup,
  session: Session,
  context: OperationContext,
  load: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const proving = prove(backup, session, context).catch((error: unknown) => {
    stop.abort(error);
    throw error;
  });
  const loading = load(AbortSignal.any([context.signal, stop.signal]));
  const [proof, loaded] = await Promise.allSettled([proving, loading]);
  context.signal.throwIfAborted();
  if (proof.status === 'rejected') throw proof.reason;
  if (loaded.status === 'fulfilled') return loaded.value;
  if (asVyaError(loaded.reason).kind === 'failed') await readArchives(backup, session, context);
  throw loaded.reason;
}

/** Whether pg_restore fails without a server, too: then the archive is at fault. */
async function readArchives(
  backup: OpenBackup,
  { engine, programs }: Session,
  { signal, env }: OperationContext,
): Promise<void> {
  const largest = largestOf(backup);
  for (const part of await storedParts(backup)) {
    if (part.format.startsWith('pg-')) await readPart(engine, part, { signal, env, programs, largest });
  }
}

/**
 * The files are read once. pg_restore decompresses what it loads, and takes a data file that was cut short for a whole one: of zstd's
 * the frames tell, of others a reading to their end does.
 */
async function prove(
  backup: OpenBackup,
  { engine, programs }: Session,
  { signal, env }: OperationContext,
): Promise<void> {
  const { onChunk, whole } = followFrames();
  assertUndamaged(backup, await verifyFiles(backup, { signal, onChunk }));
  const largest = largestOf(backup);
  for (const part of await storedParts(backup)) {
    if (part.format.startsWith('pg-')) {
      await readEnds(engine, part, whole, { signal, env, programs, largest, background: true });
    }
  }
}

/** Takes what is read of files, and tells of zstd's whether all of it came. */
function followFrames(): {
  onChunk: (chunk: Buffer, path: string) => void;
  whole: (path: string) => boolean;
} {
  const frames = new Map<string, ZstdFrames>();
  return {
    onChunk(chunk, path) {
      if (codecOf(path) !== 'zstd') return;
      const followed = frames.get(path) ?? new ZstdFrames();
      frames.set(path, followed);
      followed.add(chunk);
    },
    whole: (path) => frames.get(path)?.whole ?? false,
  };
}
