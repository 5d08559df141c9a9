import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { mysqlEngine } from '../../src/db/mysql/engine.ts';
import { runPipeline } from '../../src/exec/pipeline.ts';
import { readPart } from '../../src/operations/archive.ts';
import { largestExpansion } from '../../src/operations/stored-backup.ts';
import { compressor } from '../../src/storage/codecs.ts';
import { pathWith } from '../servers/servers.ts';

const { signal } = new AbortController();
const gibibyte = 1024 ** 3;

/** A file that expands to so many times 64 MiB and then ends as a dump does: joined streams are one valid file. */
async function bomb(codec: 'zstd' | 'gzip', times: number): Promise<{ path: string; env: { PATH: string } }> {
  const directory = await mkdtemp(join(tmpdir(), 'vya-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const env = { PATH: await pathWith() };
  const { suffix, command } = await compressor({ codec, level: 1 }, env);
  const packed = async (script: string): Promise<Buffer> => {
    const commands = [{ file: 'sh', args: ['-c', script], env }, command].filter(
      (each) => each !== undefined,
    );
    return await runPipeline(commands, { signal, output: 'keep' });
  };
  const zeros = await packed('head -c 67108864 /dev/zero');
  const end = await packed("echo; echo '-- Dump completed'");
  const path = join(directory, `bomb.sql${suffix}`);
  await writeFile(path, Buffer.concat([...Array.from({ length: times }, () => zeros), end]));
  return { path, env };
}

test.each(['zstd', 'gzip'] as const)(
  'a %s archive that expands beyond what its manifest can mean is not read to its end',
  async (codec) => {
    const { path, env } = await bomb(codec, 1_000);
    const part = { path, format: 'sql' as const, holds: ['tables'] };
    const reading = { signal, env, programs: undefined, largest: 100_000_000 };
    const message = `${path} expands to more than 100000000 bytes`;
    await expect(readPart(mysqlEngine, part, reading)).rejects.toMatchObject({
      kind: 'verification',
      message,
    });
    const loading = { ...reading, loading: { sourceDatabase: 'shop' } };
    await expect(readPart(mysqlEngine, part, loading)).rejects.toMatchObject({
      kind: 'verification',
      message,
    });
  },
);

test('an archive within its bounds is read to its end', async () => {
  const { path, env } = await bomb('zstd', 1);
  const part = { path, format: 'sql' as const, holds: ['tables'] };
  await expect(
    readPart(mysqlEngine, part, { signal, env, programs: undefined, largest: 70_000_000 }),
  ).resolves.toBeUndefined();
});

test('the bound leaves room for rows that are all alike, and for a size that the server guessed', () => {
  expect(largestExpansion(0, 0)).toBe(16 * gibibyte);
  expect(largestExpansion(gibibyte, 0)).toBe(1000 * gibibyte);
  expect(largestExpansion(0, gibibyte)).toBe(100 * gibibyte);
});
