import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runPipeline } from '../../src/exec/pipeline.ts';
import { codecOf, compressor, decompressor } from '../../src/storage/codecs.ts';
import { pathWith } from '../servers/servers.ts';
import { scratchDirectory } from './scratch.ts';

const signal = new AbortController().signal;
const cat = { file: '/bin/cat', args: [], env: {} };
const withPrograms = { PATH: await pathWith() };

/** Half of it compresses, half does not; more than any buffer on the way holds. */
const content = Buffer.concat([Buffer.from('all work and no play '.repeat(50_000)), randomBytes(1_000_000)]);

async function compress(
  path: string,
  level: number,
  codec: 'zstd' | 'gzip',
  env: NodeJS.ProcessEnv,
  from: string,
) {
  const { command } = await compressor({ codec, level }, env);
  await appendFile(path, '');
  await runPipeline([cat, command ?? cat], { signal, input: from, output: { appendTo: path } });
}

async function decompress(path: string, codec: 'zstd' | 'gzip', env: NodeJS.ProcessEnv): Promise<Buffer> {
  const command = await decompressor(codec, env);
  return await runPipeline([command ?? cat], { signal, input: path, output: 'keep' });
}

describe.each(['zstd', 'gzip'] as const)('%s', (codec) => {
  const magic = { zstd: '28b52ffd', gzip: '1f8b' }[codec];
  const suffix = { zstd: '.zst', gzip: '.gz' }[codec];
  const program = { env: withPrograms, name: 'by the program' };
  const child = { env: { PATH: '/nonexistent' }, name: 'by a child of node' };

  it('is the program where there is one, and a child of node otherwise, never vya itself', async () => {
    const found = await compressor({ codec, level: 3 }, withPrograms);
    expect([found.suffix, codecOf(`dump.sql${found.suffix}`)]).toEqual([suffix, codec]);
    expect(found.command?.file).toMatch({ zstd: /^\/.*\/zstd$/, gzip: /^\/.*\/(pigz|gzip)$/ }[codec]);
    expect((await decompressor(codec, withPrograms))?.file).toMatch(new RegExp(`^/.*/${codec}$`));
    expect((await compressor({ codec, level: 3 }, child.env)).command?.file).toBe(process.execPath);
    expect((await decompressor(codec, child.env))?.file).toBe(process.execPath);
    expect(found.command?.env).toEqual({ PATH: withPrograms.PATH });
  });

  it.each([
    [program, program],
    [program, child],
    [child, program],
    [child, child],
  ])('gives back every byte of several streams in one file: $0.name, $1.name', async (packs, unpacks) => {
    const directory = await scratchDirectory();
    const [from, to] = [join(directory, 'in'), join(directory, 'out')];
    await writeFile(from, content);
    await compress(to, 1, codec, packs.env, from);
    await compress(to, 9, codec, packs.env, from);
    await compress(to, 3, codec, packs.env, '/dev/null');
    const stored = await readFile(to);
    expect(stored.subarray(0, magic.length / 2).toString('hex')).toBe(magic);
    expect(stored.length).toBeLessThan(content.length * 1.5);
    expect((await decompress(to, codec, unpacks.env)).equals(Buffer.concat([content, content]))).toBe(true);
  });

  it.each([program, child])(
    'fails on a stream that is cut short, damaged, empty, or followed by something else: $name',
    async ({ env }) => {
      const directory = await scratchDirectory();
      const [from, to] = [join(directory, 'in'), join(directory, 'out')];
      await writeFile(from, content);
      await compress(to, 3, codec, env, from);
      const good = await readFile(to);
      const flipped = Buffer.from(good);
      flipped[good.length >> 1] = (flipped[good.length >> 1] ?? 0) ^ 1;
      const damaged = [
        good.subarray(0, -1),
        good.subarray(0, 1000),
        Buffer.alloc(0),
        Buffer.concat([good, Buffer.from('junk')]),
        flipped,
      ];
      for (const [index, bytes] of damaged.entries()) {
        await writeFile(to, bytes);
        await expect(decompress(to, codec, env), `damage ${index}`).rejects.toMatchObject({ kind: 'failed' });
      }
    },
  );

  it.each([program, child])('fails when the disk is full: $name', async ({ env }) => {
    const from = join(await scratchDirectory(), 'in');
    await writeFile(from, content);
    const { command } = await compressor({ codec, level: 3 }, env);
    const writing = runPipeline([command ?? cat], { signal, input: from, output: { appendTo: '/dev/full' } });
    await expect(writing).rejects.toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(/no space left/i),
    });
  });

  it('refuses levels that it does not have', async () => {
    for (const level of [0, 10, 1.5, Number.NaN]) {
      await expect(compressor({ codec, level }, withPrograms)).rejects.toMatchObject({ kind: 'usage' });
    }
  });
});

describe('codecs', () => {
  it('need no program for none', async () => {
    expect(await compressor({ codec: 'none', level: 3 }, {})).toEqual({ suffix: '' });
    expect(await decompressor('none', {})).toBeUndefined();
    expect(codecOf('dump.sql')).toBe('none');
  });

  it('take no more memory for a zstd stream than a window of 128 MB', async () => {
    // One byte more than that, so that the frame really asks for a larger window.
    const make = { file: 'head', args: ['-c', '134217729', '/dev/zero'], env: withPrograms };
    const count = { file: 'wc', args: ['-c'], env: withPrograms };
    for (const [window, works] of [
      [27, true],
      [30, false],
    ] as const) {
      const to = join(await scratchDirectory(), 'out');
      await writeFile(to, '');
      const pack = { file: 'zstd', args: ['-q', '-c', '-1', `--long=${window}`], env: withPrograms };
      await runPipeline([make, pack], { signal, output: { appendTo: to } });
      for (const env of [withPrograms, { PATH: '/nonexistent' }]) {
        const unpack = await decompressor('zstd', env);
        const reading = runPipeline([unpack ?? cat, count], { signal, input: to, output: 'keep' });
        if (works) expect((await reading).toString().trim()).toBe('134217729');
        else
          await expect(reading).rejects.toMatchObject({
            kind: 'failed',
            message: expect.stringMatching(/memory/),
          });
      }
    }
  });

  it('read a stream that ends exactly where a chunk ends', async () => {
    const directory = await scratchDirectory();
    const [from, to] = [join(directory, 'in'), join(directory, 'out')];
    await writeFile(from, 'hello');
    await compress(to, 3, 'zstd', withPrograms, from);
    const frame = await readFile(to);
    // A skippable frame (RFC 8878) fills the chunk of 256 KiB up to its last byte.
    const filler = Buffer.alloc(256 * 1024 - frame.length);
    filler.writeUInt32LE(0x184d2a50, 0);
    filler.writeUInt32LE(filler.length - 8, 4);
    await writeFile(to, Buffer.concat([filler, frame, frame]));
    expect((await decompress(to, 'zstd', { PATH: '/nonexistent' })).toString()).toBe('hellohello');
  });

  it('use pigz to compress where it is installed, and never to decompress', async () => {
    const directory = await scratchDirectory();
    const gzip = (await decompressor('gzip', withPrograms))?.file ?? '';
    const [without, both] = [join(directory, 'without'), join(directory, 'both')];
    for (const path of [without, both]) {
      await mkdir(path);
      await symlink(gzip, join(path, 'gzip'));
    }
    // Notes how it was called, and does what pigz would.
    const script = `#!/bin/sh\necho "$*" >>'${directory}/calls'\nshift 2\nexec '${gzip}' "$@"\n`;
    await writeFile(join(both, 'pigz'), script, { mode: 0o755 });

    expect((await compressor({ codec: 'gzip', level: 6 }, { PATH: without })).command?.file).toBe(
      join(without, 'gzip'),
    );
    const [from, to] = [join(directory, 'in'), join(directory, 'out')];
    await writeFile(from, content);
    await compress(to, 6, 'gzip', { PATH: both }, from);
    expect((await decompress(to, 'gzip', { PATH: both })).equals(content)).toBe(true);
    expect(await readFile(join(directory, 'calls'), 'utf8')).toMatch(/^-p [1-4] -c -6\n$/);
  });

  it('look a program up on absolute directories of PATH only', async () => {
    const directory = await scratchDirectory();
    await mkdir(join(directory, 'bin'));
    const { command } = await compressor({ codec: 'gzip', level: 1 }, withPrograms);
    await symlink(command?.file ?? '', join(directory, 'bin', 'gzip'));
    expect(
      (await compressor({ codec: 'gzip', level: 1 }, { PATH: `bin:${directory}/bin` })).command?.file,
    ).toBe(join(directory, 'bin/gzip'));
    expect((await compressor({ codec: 'gzip', level: 1 }, { PATH: 'bin:.' })).command?.file).toBe(
      process.execPath,
    );
    expect((await compressor({ codec: 'gzip', level: 1 }, {})).command?.file).toBe(process.execPath);
  });
});
