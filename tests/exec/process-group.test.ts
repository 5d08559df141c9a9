import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { signalGroup, startOf } from '../../src/exec/process-group.ts';
import { startProgram } from '../../src/exec/program.ts';

const env = { PATH: '/usr/bin:/bin' };
const sh = (script: string) => ({ file: '/bin/sh', args: ['-c', script], env });
const started: ChildProcess[] = [];

afterEach(() => started.splice(0).forEach((child) => child.kill('SIGKILL')));

/** A process with a group of its own that vya knows nothing of. */
async function stranger(): Promise<number> {
  const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
  started.push(child);
  await once(child, 'spawn');
  return child.pid as number;
}

test('a group whose leader was reaped is not signalled when its number is somebody’s again (F30)', async () => {
  const pid = await stranger();
  expect(signalGroup(pid, 'SIGKILL', true)).toBe(false);
  expect(await state(pid)).toMatch(/[RS]/);
  expect(signalGroup(pid, 'SIGKILL', false)).toBe(true);
  await expect.poll(() => state(pid), { timeout: 20_000 }).toMatch(/^$|Z/);
});

test('when a program was started tells it from another of the same number', async () => {
  expect(startOf(process.pid)).toMatch(/^\d+$/);
  expect(startOf(await stranger())).not.toBe(startOf(process.pid));
  expect(startOf(2 ** 30)).toBeUndefined();
});

test('what a program leaves running, without a hold on its output, ends with it', async () => {
  const program = await startProgram(sh('sleep 1000 >/dev/null 2>&1 & echo $!'), ['ignore', 'pipe', 'pipe']);
  let printed = '';
  program.child.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  expect((await program.ended).code).toBe(0);
  await expect.poll(() => state(Number(printed)), { timeout: 20_000 }).toMatch(/^$|Z/);
});

test('an ended program’s number is signalled no more', async () => {
  const script = `
    const { startProgram } = await import(${JSON.stringify(new URL('../../src/exec/program.ts', import.meta.url))});
    const signalled = [];
    const p = await startProgram({ file: 'sleep', args: ['1000'], env: ${JSON.stringify(env)} }, ['ignore', 'ignore', 'pipe']);
    p.end();
    await p.ended;
    process.kill = (target, signal) => { signalled.push([target, signal]); return true; };
    p.end();
    // Longer than every grace time.
    setTimeout(() => console.log(JSON.stringify(signalled)), 6000);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  expect(JSON.parse(stdout)).toEqual([]);
}, 60_000);

test('after kill -9 the groups end that were vya’s, not those that got their numbers since (F30)', async () => {
  const bystander = await stranger();
  const script = `
    const { guardGroup } = await import(${JSON.stringify(new URL('../../src/exec/lifeline.ts', import.meta.url))});
    const { startProgram } = await import(${JSON.stringify(new URL('../../src/exec/program.ts', import.meta.url))});
    guardGroup(${bystander}, '1');
    const p = await startProgram({ file: '/bin/sh', args: ['-c', 'trap "" TERM; sleep 1000 & wait; wait'], env: ${JSON.stringify(env)} },
      ['ignore', 'ignore', 'pipe']);
    console.log(p.pid);
    process.kill(process.pid, 'SIGKILL');`;
  const killed = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]).catch(
    (error: { stdout: string }) => error,
  );
  const pid = Number(killed.stdout);
  await expect.poll(() => state(pid), { timeout: 30_000 }).toMatch(/^$|Z/);
  expect(await state(bystander)).toMatch(/[RS]/);
});

/** The state's letter; empty when there is no such process. */
async function state(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.replace(/^.*\) /s, '').charAt(0);
}
