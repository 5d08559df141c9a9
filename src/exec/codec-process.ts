/**
 * Compresses or decompresses stdin to stdout where the zstd or gzip program is missing:
 * `node codec-process compress zstd 3`, `node codec-process decompress gzip`. It is a process of its own, so that no byte
 * of a backup passes through vya. It exits with 0 only when everything was written.
 */
import { write } from 'node:fs';
import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

const chunkSize = 256 * 1024;
const writeSome = promisify(write);

function transformFor(direction: string | undefined, codec: string | undefined, level: number): Transform {
  const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag, ZSTD_d_windowLogMax } = zlib.constants;
  switch (`${direction} ${codec}`) {
    case 'compress zstd':
      return zlib.createZstdCompress({
        chunkSize,
        params: { [ZSTD_c_compressionLevel]: level, [ZSTD_c_checksumFlag]: 1 },
      });
    case 'compress gzip':
      return zlib.createGzip({ chunkSize, level });
    case 'decompress zstd':
      return zlib.createZstdDecompress({ chunkSize, params: { [ZSTD_d_windowLogMax]: 27 } });
    case 'decompress gzip':
      return zlib.createGunzip({ chunkSize });
    default:
      throw new Error(`cannot ${direction} ${codec}`);
  }
}

/** Feeds stdin through transforms, to its end. Fails at once when an output fails, also while the producer is silent. */
async function run(make: () => Transform): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const begin = () => {
      const transform = make();
      const drained = drain(transform);
      drained.catch(reject);
      return { transform, drained };
    };
    feed(begin).then(resolve, reject);
  });
}

async function feed(begin: () => { transform: Transform; drained: Promise<void> }): Promise<void> {
  let current = begin();
  for await (const chunk of process.stdin) {
    let rest = chunk as Buffer;
    while (rest.length > 0) {
      rest = rest.subarray(await give(current.transform, rest, current.drained));
      if (rest.length > 0) current = begin();
    }
  }
  current.transform.end();
  await current.drained;
}

/**
 * Gives a chunk to the transform and returns how many of its bytes were taken. Node's zstd decompressor ends with a frame
 * and drops what follows in the same chunk without a word: that part belongs to the next frame, and to a new decompressor.
 */
async function give(transform: Transform, chunk: Buffer, drained: Promise<void>): Promise<number> {
  const counter = transform as { bytesWritten?: number };
  const before = counter.bytesWritten ?? 0;
  // An error shows in the draining; the callback is called without one even where bytes were left over.
  await new Promise<void>((resolve) => transform.write(chunk, () => resolve()));
  const taken = (counter.bytesWritten ?? 0) - before;
  if (taken < chunk.length) await drained;
  if (taken <= 0) throw new Error('the data is damaged');
  return taken;
}

/** A full disk takes a part of a write and refuses the next one: every write is repeated until all is out. */
async function drain(transform: Transform): Promise<void> {
  for await (const chunk of transform) {
    let rest = chunk as Buffer;
    while (rest.length > 0) {
      const { bytesWritten } = await writeSome(1, rest);
      rest = rest.subarray(bytesWritten);
    }
  }
}

async function main(): Promise<void> {
  process.exitCode = 1;
  const [direction, codec, level] = process.argv.slice(2);
  try {
    await run(() => transformFor(direction, codec, Number(level)));
    process.exitCode = 0;
  } catch (error) {
    process.stderr.write(`${direction} ${codec}: ${(error as Error).message}\n`);
    process.stdin.destroy();
  }
}

// Not awaited here: the single executable holds this as CommonJS, which knows no such await.
void main();
