import { closeSync, fstatSync } from 'node:fs';
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import type { Command } from '../../src/exec/command.ts';
import { takePipe } from '../../src/exec/kernel-pipe.ts';
import { runPipeline } from '../../src/exec/pipeline.ts';

const sh = (script: string): Command => ({
  file: '/bin/sh',
  args: ['-c', script],
  env: { PATH: '/usr/bin:/bin' },
});
const options = { signal: new AbortController().signal, output: 'keep' } as const;
const kinds = sh('test -p /dev/stdin && echo pipe; test -S /dev/stdin && echo socket; cat');

afterEach(() => {
  vi.unstubAllEnvs();
});

/** How many ends of pipes this process has open: their names are gone, and the kernel remembers them. */
async function openEnds(): Promise<number> {
  const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return (await Promise.all(links)).filter((link) => /\/vya-\w+\/\d+ \(deleted\)$/.test(link)).length;
}

test('where no pipe of the kernel can be made, sockets do as well', async () => {
  vi.stubEnv('TMPDIR', '/nowhere/at/all');
  const kept = await runPipeline([sh('echo data'), kinds], options);
  expect(kept.toString()).toBe('socket\ndata\n');
});

test('programs are joined by pipes of the kernel, of which nothing stays', async () => {
  const temporary = await mkdtemp(join(tmpdir(), 'joint-'));
  onTestFinished(() => rm(temporary, { recursive: true }));
  vi.stubEnv('TMPDIR', temporary);
  expect((await runPipeline([sh('echo data'), kinds], options)).toString()).toBe('pipe\ndata\n');
  const open = await openEnds();
  for (let round = 0; round < 5; round += 1)
    await runPipeline([sh('echo data'), sh('cat'), sh('cat')], options);
  await runPipeline([sh('exit 1'), sh('cat')], options).catch(() => {});
  await runPipeline([sh('true'), { ...sh(''), file: '/nowhere' }], options).catch(() => {});
  // Twelve were taken, and both ends closed.
  expect(await openEnds()).toBe(open - 2 * 12);
  expect(await readdir(temporary)).toEqual([]);
});

test('each pipe is another one, also for those who ask at the same time', async () => {
  const pipes = await Promise.all(Array.from({ length: 40 }, takePipe));
  const inodes = pipes.map((pipe) => fstatSync(pipe!.readEnd).ino);
  const ends = pipes.flatMap((pipe) => [pipe!.readEnd, pipe!.writeEnd]);
  expect(new Set(inodes).size).toBe(40);
  expect(new Set(ends).size).toBe(80);
  ends.forEach((end) => closeSync(end));
});
