import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeNamelessFile } from '../../src/exec/nameless-file.ts';
import { runPipeline } from '../../src/exec/pipeline.ts';

const signal = new AbortController().signal;
const env = { PATH: '/usr/bin:/bin' };

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'vya-test-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('a file without a name is nowhere to be seen, and read by programs each at its own place', async () => {
  const parent = await directory();
  const file = await makeNamelessFile(parent);
  expect(await readdir(parent)).toEqual([]);
  await appendFile(file.path, 'one\ntwo\n');
  expect(await file.size()).toBe(8);
  const first = { file: 'head', args: ['-n1', file.path], env };
  const both = [first, first].map((command) => runPipeline([command], { signal, output: 'keep' }));
  expect((await Promise.all(both)).map(String)).toEqual(['one\n', 'one\n']);
  await file.close();
});

test('where none can be made the directory is named', async () => {
  const parent = join(await directory(), 'missing');
  await expect(makeNamelessFile(parent)).rejects.toThrow(`in ${parent}: it does not exist`);
});
