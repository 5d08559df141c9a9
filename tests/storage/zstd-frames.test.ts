import { randomBytes } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ZstdFrames } from '../../src/storage/zstd-frames.ts';

const rows = Buffer.from(Array.from({ length: 60_000 }, (_, id) => `${id}\tname ${id * 7919}\n`).join(''));
const { ZSTD_c_checksumFlag, ZSTD_c_contentSizeFlag, ZSTD_c_compressionLevel } = constants;

/** Of each kind of header and block. */
const samples: [string, Buffer][] = [
  ['rows', zstdCompressSync(rows)],
  ['rows with a checksum', zstdCompressSync(rows, { params: { [ZSTD_c_checksumFlag]: 1 } })],
  ['rows, whose size is not told', zstdCompressSync(rows, { params: { [ZSTD_c_contentSizeFlag]: 0 } })],
  ['rows, compressed well', zstdCompressSync(rows, { params: { [ZSTD_c_compressionLevel]: 19 } })],
  ['what cannot be compressed', zstdCompressSync(randomBytes(300_000))],
  ['what is all alike', zstdCompressSync(Buffer.alloc(500_000, 7))],
  ['nothing', zstdCompressSync(Buffer.alloc(0))],
  ['a few bytes', zstdCompressSync(Buffer.from('\\.\n\n\n'))],
];
const skippable = Buffer.concat([Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0]), Buffer.from('abc')]);
samples.push(
  ['two frames', Buffer.concat([zstdCompressSync(rows), zstdCompressSync(Buffer.from('more'))])],
  ['a frame between skippable ones', Buffer.concat([skippable, zstdCompressSync(rows), skippable])],
);

function isWhole(data: Buffer, step = data.length): boolean {
  const followed = new ZstdFrames();
  for (let at = 0; at < data.length; at += step) followed.add(data.subarray(at, at + step));
  return followed.whole;
}

test.each(samples)('%s: whole, however it is read', (_, data) => {
  for (const step of [1, 2, 3, 7, 4096, data.length]) expect(isWhole(data, step), String(step)).toBe(true);
});

test.each(samples)('%s: cut short anywhere, it is not whole', (_, data) => {
  const frame = data.length - 4;
  const cuts = [0, 1, 3, 4, 5, 6, 9, frame, data.length - 3, data.length - 1];
  for (const cut of cuts.filter((at) => at >= 0 && at < data.length))
    expect(isWhole(data.subarray(0, cut)), String(cut)).toBe(false);
});

test.each(samples)('%s: with anything behind it, it is not whole', (_, data) => {
  for (const more of ['\0', 'abcd', '\\.\n\n\n']) {
    expect(isWhole(Buffer.concat([data, Buffer.from(more)]))).toBe(false);
  }
});

test('what is no zstd data is not whole', () => {
  expect(isWhole(rows)).toBe(false);
  const reserved = Buffer.concat([
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 0]),
    Buffer.from([0b111, 0, 0]),
  ]);
  expect(isWhole(reserved)).toBe(false);
});

test('the reader may use its buffer again', () => {
  const data = zstdCompressSync(rows);
  const followed = new ZstdFrames();
  const buffer = Buffer.alloc(5);
  for (let at = 0; at < data.length; at += buffer.length) {
    const length = data.copy(buffer, 0, at);
    followed.add(buffer.subarray(0, length));
  }
  expect(followed.whole).toBe(true);
});
