import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VyaError } from '../../src/errors.ts';
import type { Command } from '../../src/exec/command.ts';
import { runPipeline } from '../../src/exec/pipeline.ts';

const env = { PATH: '/usr/bin:/bin' };
const sh = (script: string): Command => ({ file: '/bin/sh', args: ['-c', script], env });
const never = new AbortController().signal;
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pipeline-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

test('joins programs and adds the last one’s output to a file', async () => {
  const file = join(directory, 'out');
  await writeFile(file, 'first ');
  await runPipeline([sh('printf second'), sh('tr a-z A-Z')], { signal: never, output: { appendTo: file } });
  expect(await readFile(file, 'utf8')).toBe('first SECOND');
});

test('carries every byte value and megabytes of them unchanged', async () => {
  const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => index % 256));
  const file = join(directory, 'in');
  await writeFile(file, bytes);
  const kept = await runPipeline([sh('cat'), sh('cat')], { signal: never, input: file, output: 'keep' });
  expect(kept.equals(bytes)).toBe(true);
});

test('feeds a few bytes to the first program', async () => {
  const kept = await runPipeline([sh('cat'), sh('rev')], {
    signal: never,
    input: Buffer.from('abc\n'),
    output: 'keep',
  });
  expect(kept.toString()).toBe('cba\n');
});

test('(F1) fails when the producer fails, although the compressor would have ended well', async () => {
  const file = join(directory, 'out');
  await writeFile(file, '');
  const run = runPipeline([sh('printf half; echo broken >&2; exit 3'), sh('gzip -c')], {
    signal: never,
    output: { appendTo: file },
  });
  await expect(run).rejects.toThrow(/^sh exited with 3: broken$/);
});

test('(F17) a consumer never sees the end of its input when its producer fails', async () => {
  const mark = join(directory, 'committed');
  const consumer = sh(`cat >/dev/null; echo yes > ${mark}`);
  await expect(
    runPipeline([sh('printf part; sleep 0.2; exit 1'), consumer], { signal: never, output: 'drop' }),
  ).rejects.toThrow('sh exited with 1');
  await expect(readFile(mark)).rejects.toThrow('ENOENT');
});

test('(F39) blames the consumer that failed, not the producer that its end broke', async () => {
  const producer = sh('yes | head -c 5000000; echo producer >&2');
  const consumer = sh('echo the disk is full >&2; exit 4');
  await expect(runPipeline([producer, consumer], { signal: never, output: 'drop' })).rejects.toThrow(
    'sh exited with 4: the disk is full',
  );
});

test('(F39) drains megabytes of stderr and keeps their end', async () => {
  const noisy = sh('yes chatter | head -c 3000000 >&2; echo the reason >&2; exit 1');
  const error = await runPipeline([noisy], { signal: never, output: 'drop' }).catch(
    (reason: unknown) => reason,
  );
  expect((error as Error).message).toMatch(/the reason$/);
  expect((error as Error).message.length).toBeLessThan(5_000);
});

test('a line of stderr without end does not hide the one that counts (F39)', async () => {
  const noisy = sh('echo the reason >&2; yes chatter | head -c 300000 | tr "\\n" " " >&2; echo >&2; exit 1');
  const run = runPipeline([noisy], { signal: never, output: 'drop' });
  await expect(run).rejects.toThrow(/^sh exited with 1: the reason\n(chatter )+.{0,8}…$/);
});

test('a secret is not shown in part where a line of stderr is cut (F35)', async () => {
  const secret = 'pass-word-that-is-cut';
  const noisy: Command = {
    ...sh(`printf '%01010d' 0 >&2; echo ' ${secret} more' >&2; exit 1`),
    secretFile: { content: `[client]\npassword="${secret}"\n`, as: { variable: 'SECRET' } },
  };
  const error = await runPipeline([noisy], { signal: never, output: 'drop' }).catch(
    (reason: unknown) => reason,
  );
  expect((error as Error).message).toContain('0000');
  expect((error as Error).message).not.toContain('pass');
});

test('tells of a program that is not there, and ends the one that was started already', async () => {
  const error = await runPipeline([{ file: '/nowhere/pg_dump', args: [], env }, sh('cat')], {
    signal: never,
    output: 'drop',
  }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(VyaError);
  expect((error as VyaError).message).toBe('Cannot start /nowhere/pg_dump: no such program');
});

test('an abort ends the whole group, grandchildren too', async () => {
  const interruption = new AbortController();
  const pidFile = join(directory, 'pid');
  const run = runPipeline([sh(`sleep 1000 & echo $! > ${pidFile}; wait`), sh('cat')], {
    signal: interruption.signal,
    output: 'drop',
  });
  run.catch(() => {});
  await expect.poll(() => readFile(pidFile, 'utf8').catch(() => ''), { timeout: 30_000 }).toMatch(/\d/);
  interruption.abort(new VyaError('interrupted', 'Ended by SIGINT'));
  await expect(run).rejects.toThrow('Ended by SIGINT');
  const grandchild = Number(await readFile(pidFile, 'utf8'));
  await expect.poll(() => isRunning(grandchild), { timeout: 30_000 }).toBe(false);
});

test('a grandchild that keeps stderr open does not keep the pipeline waiting', async () => {
  const kept = await runPipeline([sh('sleep 1000 >&2 & echo done')], { signal: never, output: 'keep' });
  expect(kept.toString()).toBe('done\n');
});

/** A zombie that init has not collected yet has ended, too. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) Z /.test(stat);
}
