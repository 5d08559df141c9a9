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

test('a file without a name is nowhere to be seen, and read by a program at several places', async () => {
  const parent = await directory();
  const file = await makeNamelessFile(parent);
  expect(await readdir(parent)).toEqual([]);
  await appendFile(file.path, 'one\ntwo\n');
  expect(await file.size()).toBe(8);
  const twice = { file: 'head', args: ['-qn1', '/proc/self/fd/0', '/proc/self/fd/0'], env };
  const read = await runPipeline([twice], { signal, input: file.path, output: 'keep' });
  expect(read.toString()).toBe('one\none\n');
  await file.close();
});

test('where none can be made the directory is named', async () => {
  const parent = join(await directory(), 'missing');
  await expect(makeNamelessFile(parent)).rejects.toThrow(`in ${parent}: it does not exist`);
});
