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
  /** Bytes of the stored part for one of the content. */
  scale: number;
  close(): Promise<void>;
}

/**
 * Decompresses a part into a file that has no name.
 *
 * @param expectedBytes about what the content takes
 * @returns undefined where that is more than is to be had there, or was not possible: reading the part tells whether it is at fault
 */
export async function unpack(
  part: StoredPart,
  decompress: Command | undefined,
  expectedBytes: number,
  { signal, log }: OperationContext,
): Promise<Unpacked | undefined> {
  if (!decompress) return { path: part.path, scale: 1, close: () => Promise.resolve() };
  const place = roomyDirectory();
  const most = await freeSpace(place).then(
    ({ freeBytes }) => freeBytes * mostOfFree,
    () => 0,
  );
  const file = expectedBytes < most ? await makeNamelessFile(place).catch(() => undefined) : undefined;
  if (file && (await fill(file, part, decompress, most, signal))) {
    const { size: stored } = await stat(part.path);
    const scale = stored / Math.max(1, await file.size());
    return { path: file.path, scale, close: () => file.close() };
  }
  await file?.close();
  log.info(
    {},
    `one job loads ${part.path}: for several, ${place} has no room to unpack it; set TMPDIR to a directory that has`,
  );
  return undefined;
}

/** Whether all of it was written, and no more than `most` bytes. */
async function fill(
  file: NamelessFile,
  part: StoredPart,
  decompress: Command,
  most: number,
  signal: AbortSignal,
): Promise<boolean> {
  const limit = new AbortController();
  try {
    await runPipeline([decompress], {
      signal: AbortSignal.any([signal, limit.signal]),
      input: part.path,
      output: { appendTo: file.path },
      onBytes: ({ moved }) => {
        if (moved > most) limit.abort();
      },
    });
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
