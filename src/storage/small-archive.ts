import * as zlib from 'node:zlib';
import { codecOf } from './codecs.ts';
import { readSmallBytes } from './small-file.ts';

/** Stored bytes up to which starting a program costs more than its work. */
const largestStored = 256 * 1024;
/** Bytes that may come out of such a file: what vya holds of it in memory. */
const largestContent = 8 * 1024 * 1024;
/** The window of every level that vya uses, as a power of two: the memory that a file of unknown origin can ask for. */
const windowLog = 23;

/**
 * The whole content of a small stored file, decompressed without a program.
 *
 * @param largest the most bytes that may come out of it
 * @returns undefined where the file is not small or anything at all is odd about it: then the program reads it, and says why
 */
export async function readSmallArchive(
  path: string,
  largest = Number.POSITIVE_INFINITY,
): Promise<Buffer | undefined> {
  const stored = readSmall(path);
  if (stored === undefined) return undefined;
  const codec = codecOf(path);
  const most = Math.min(largest, largestContent);
  if (codec === 'none') return stored.length <= most ? stored : undefined;
  const step = codec === 'zstd' ? zstdFrame : gzipFile;
  return await decompressAll(stored, most, step).catch(() => undefined);
}

/** Bytes, or undefined where `path` is no regular file, is too large, or cannot be read. */
function readSmall(path: string): Buffer | undefined {
  try {
    return readSmallBytes(path, largestStored);
  } catch {
    return undefined;
  }
}

/** What was decompressed, and how many bytes of the input that took. */
interface Step {
  content: Buffer;
  taken: number;
}

/** Node's zstd stops after one frame and drops the rest without a word, so that frame after frame is asked for. */
async function decompressAll(
  stored: Buffer,
  most: number,
  step: (input: Buffer, most: number) => Promise<Step>,
): Promise<Buffer> {
  const contents: Buffer[] = [];
  let room = most;
  let rest = stored;
  do {
    // Zero would be taken for no limit.
    const { content, taken } = await step(rest, Math.max(1, room));
    if (taken <= 0) throw new Error('nothing was read');
    contents.push(content);
    room -= content.length;
    if (room < 0) throw new Error('more came out than may');
    rest = rest.subarray(taken);
  } while (rest.length > 0);
  return Buffer.concat(contents);
}

function zstdFrame(input: Buffer, maxOutputLength: number): Promise<Step> {
  const params = { [zlib.constants.ZSTD_d_windowLogMax]: windowLog };
  return new Promise((resolve, reject) => {
    zlib.zstdDecompress(input, { maxOutputLength, info: true, params }, settle(resolve, reject));
  });
}

function gzipFile(input: Buffer, maxOutputLength: number): Promise<Step> {
  return new Promise((resolve, reject) => {
    zlib.gunzip(input, { maxOutputLength, info: true }, settle(resolve, reject));
  });
}

/** With `info` the result is not what its type says, but the content beside the engine that made it. */
function settle(resolve: (step: Step) => void, reject: (error: Error) => void) {
  return (error: Error | null, result: unknown): void => {
    if (error) return reject(error);
    const { buffer, engine } = result as { buffer: Buffer; engine: { bytesWritten: number } };
    resolve({ content: buffer, taken: engine.bytesWritten });
  };
}
