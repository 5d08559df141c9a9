import { stat } from 'node:fs/promises';
import type { StoredPart } from '../../db/adapter.ts';
import type { Command } from '../../exec/command.ts';
import { makeNamelessFile, type NamelessFile } from '../../exec/nameless-file.ts';
import { runPipeline } from '../../exec/pipeline.ts';
import { roomyDirectory } from '../../exec/private-directory.ts';
import { freeSpace } from '../../storage/free-space.ts';
import type { OperationContext } from '../context.ts';

/** The share of what is free that is taken: the server may need room in the same place. */
const mostOfFree = 0.5;

export interface UnpackedLoad {
  /** The program that reads the content from stdin, a file, at several places. */
  command: Command;
  /** About what the content takes. */
  expectedBytes: number;
  /** Takes how many bytes of the stored part have been worked on: half of them when all is unpacked. */
  onProgress: (bytes: number) => void;
}

/**
 * Loads a part from a file that holds it decompressed: from the part itself, or from one without a name.
 *
 * @returns whether it was loaded: not where unpacking takes more than is to be had, or was not possible; reading the part tells
 *   whether it is at fault
 * @throws ProgramFailure of `command`
 */
export async function loadUnpacked(
  part: StoredPart,
  decompress: Command | undefined,
  { command, expectedBytes, onProgress }: UnpackedLoad,
  { signal, log }: Pick<OperationContext, 'signal' | 'log'>,
): Promise<boolean> {
  const how = { signal, output: 'drop' } as const;
  if (!decompress) {
    const input = part.path;
    await runPipeline([command], { ...how, input, onBytes: ({ read }) => onProgress(read) });
    return true;
  }
  const place = roomyDirectory();
  const file = await unpack(part, decompress, place, { expectedBytes, onProgress, signal });
  if (!file) {
    log.info(
      {},
      `one job loads ${part.path}: it could not be unpacked for several in ${place}, of whose free space half may be used; TMPDIR can name another directory`,
    );
    return false;
  }
  try {
    const half = (await stat(part.path)).size / 2;
    const whole = await file.size();
    // Jobs read what they pass over, too.
    const onBytes = ({ read }: { read: number }): void => onProgress(half + half * Math.min(1, read / whole));
    await runPipeline([command], { ...how, input: file.path, onBytes });
    return true;
  } finally {
    await file.close();
  }
}

async function unpack(
  part: StoredPart,
  decompress: Command,
  place: string,
  { expectedBytes, onProgress, signal }: Omit<UnpackedLoad, 'command'> & { signal: AbortSignal },
): Promise<NamelessFile | undefined> {
  const limit = new AbortController();
  let file: NamelessFile | undefined;
  try {
    const most = (await freeSpace(place)).freeBytes * mostOfFree;
    if (expectedBytes > most) return undefined;
    file = await makeNamelessFile(place);
    await runPipeline([decompress], {
      signal: AbortSignal.any([signal, limit.signal]),
      input: part.path,
      output: { appendTo: file.path },
      onBytes: ({ moved, read }) => {
        onProgress(read / 2);
        if (moved > most) limit.abort();
      },
    });
    return file;
  } catch {
    await file?.close();
    signal.throwIfAborted();
    return undefined;
  }
}
