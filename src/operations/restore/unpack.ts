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

/** A part's content as programs read it that read at several places. */
export interface Unpacked {
  path: string;
  /** How much of the stored part has been worked on, in bytes, when so much of the content was read. */
  progress(read: number): number;
  close(): Promise<void>;
}

export interface UnpackOptions {
  /** About what the content takes. */
  expectedBytes: number;
  /** Takes how much of the stored part has been worked on: half of it when all is unpacked. */
  onProgress: (bytes: number) => void;
}

/**
 * Decompresses a part into a file that has no name.
 *
 * @returns undefined where it takes more than is to be had there, or was not possible: reading the part tells whether it is at fault
 */
export async function unpack(
  part: StoredPart,
  decompress: Command | undefined,
  { expectedBytes, onProgress }: UnpackOptions,
  { signal, log }: OperationContext,
): Promise<Unpacked | undefined> {
  if (!decompress) return { path: part.path, progress: (read) => read, close: () => Promise.resolve() };
  const place = roomyDirectory();
  const most = await mostIn(place);
  const file = expectedBytes < most ? await makeNamelessFile(place).catch(() => undefined) : undefined;
  let filled = false;
  try {
    filled = file !== undefined && (await fill(file, part, decompress, { signal, most, onProgress }));
  } finally {
    if (!filled) await file?.close();
  }
  if (file && filled) {
    const half = (await stat(part.path)).size / 2;
    const whole = Math.max(1, await file.size());
    return { path: file.path, progress: (read) => half + half * (read / whole), close: () => file.close() };
  }
  log.info(
    {},
    `one job loads ${part.path}: it could not be unpacked for several in ${place}, of whose free space half may be used; TMPDIR can name another directory`,
  );
  return undefined;
}

async function mostIn(place: string): Promise<number> {
  try {
    return (await freeSpace(place)).freeBytes * mostOfFree;
  } catch {
    return 0;
  }
}

/** Whether all of it was written, and no more than `most` bytes. */
async function fill(
  file: NamelessFile,
  part: StoredPart,
  decompress: Command,
  { signal, most, onProgress }: { signal: AbortSignal; most: number; onProgress: (bytes: number) => void },
): Promise<boolean> {
  const limit = new AbortController();
  try {
    await runPipeline([decompress], {
      signal: AbortSignal.any([signal, limit.signal]),
      input: part.path,
      output: { appendTo: file.path },
      onBytes: ({ moved, read }) => {
        onProgress(read / 2);
        if (moved > most) limit.abort();
      },
    });
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
