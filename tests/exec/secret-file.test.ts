import { execFile } from 'node:child_process';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { capture } from '../../src/exec/capture.ts';
import { keepingSecretFiles, prepareCommand, type PreparedCommand } from '../../src/exec/secret-file.ts';

const env = { PATH: '/usr/bin:/bin' };
const secretFile = { content: 'host:5432:*:me:canary-pass', as: { variable: 'PGPASSFILE' } };

test('a secret is in a 0600 file in a 0700 directory, named by a variable, and gone afterwards', async () => {
  const prepared = await prepareCommand({ file: 'cat', args: [], env, secretFile });
  const path = prepared.env['PGPASSFILE'] as string;
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
  expect(await readFile(path, 'utf8')).toBe(secretFile.content);
  await prepared.dispose();
  await expect(stat(dirname(path))).rejects.toThrow('ENOENT');
});

test('programs with the same secret share one file, which stays while it is kept and is made anew where it was removed', async () => {
  const command = { file: 'cat', args: [], env, secretFile };
  const paths = await keepingSecretFiles(async () => {
    const [first, beside] = await Promise.all([prepareCommand(command), prepareCommand(command)]);
    const other = await prepareCommand({ ...command, secretFile: { ...secretFile, content: 'another' } });
    await Promise.all([first.dispose(), beside.dispose(), other.dispose()]);
    await first.dispose();
    const later = await prepareCommand(command);
    await rm(dirname(pathOf(later)), { recursive: true });
    const anew = await prepareCommand(command);
    expect(await readFile(pathOf(anew), 'utf8')).toBe(secretFile.content);
    await Promise.all([later.dispose(), anew.dispose()]);
    return [first, beside, later, other, anew].map(pathOf);
  });
  const [first, beside, later, other, anew] = paths;
  expect([beside, later]).toEqual([first, first]);
  expect(new Set([first, other, anew]).size).toBe(3);
  for (const path of paths) await expect(stat(path)).rejects.toThrow('ENOENT');
});

test('a file in use outlives those who kept it', async () => {
  const prepared = await keepingSecretFiles(() => prepareCommand({ file: 'cat', args: [], env, secretFile }));
  expect(await readFile(pathOf(prepared), 'utf8')).toBe(secretFile.content);
  await prepared.dispose();
  await expect(stat(dirname(pathOf(prepared)))).rejects.toThrow('ENOENT');
});

function pathOf({ env: { PGPASSFILE } }: PreparedCommand): string {
  return PGPASSFILE as string;
}

test('an option file comes first among the arguments', async () => {
  const prepared = await prepareCommand({
    file: 'mysql',
    args: ['--batch'],
    env,
    secretFile: { content: '[client]', as: { argument: '--defaults-file=' } },
  });
  expect(prepared.args[0]).toMatch(/^--defaults-file=\//);
  expect(prepared.args[1]).toBe('--batch');
  await prepared.dispose();
});

test('(F35) a password that the program repeats on stderr is not repeated by vya', async () => {
  const command = {
    file: 'sh',
    args: ['-c', 'echo "login with canary-pass failed" >&2; exit 1'],
    env,
    secretFile,
  };
  await expect(capture(command)).rejects.toThrow('login with [redacted] failed');
});

test('(F37) an odd umask changes nothing', async () => {
  const script = `
    process.umask(0o777);
    const { prepareCommand } = await import(${JSON.stringify(new URL('../../src/exec/secret-file.ts', import.meta.url))});
    const { stat } = await import('node:fs/promises');
    const p = await prepareCommand({ file: 'cat', args: [], env: {}, secretFile: { content: 'x', as: { variable: 'F' } } });
    console.log(((await stat(p.env.F)).mode & 0o777).toString(8));
    await p.dispose();`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  expect(stdout.trim()).toBe('600');
});

test('(F30) kill -9 leaves neither the secret nor the child', { timeout: 20_000 }, async () => {
  const script = `
    const { startProgram } = await import(${JSON.stringify(new URL('../../src/exec/program.ts', import.meta.url))});
    const p = await startProgram({ file: 'sleep', args: ['1000'], env: ${JSON.stringify(env)},
      secretFile: { content: 'x', as: { variable: 'F' } } }, ['ignore', 'ignore', 'pipe']);
    const { readFileSync } = await import('node:fs');
    const path = /F=([^\\0]*)/.exec(readFileSync('/proc/' + p.pid + '/environ', 'utf8'))[1];
    console.log(JSON.stringify({ pid: p.pid, path }));
    process.kill(process.pid, 'SIGKILL');`;
  const child = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]).catch(
    (error: { stdout: string }) => error,
  );
  const { pid, path } = JSON.parse(child.stdout) as { pid: number; path: string };
  expect(path.startsWith(tmpdir())).toBe(true);
  await expect
    .poll(() => readdir(dirname(path)).then(String, () => 'gone'), { timeout: 60_000 })
    .toBe('gone');
  await expect
    .poll(
      () =>
        readFile(`/proc/${pid}/stat`, 'utf8').then(
          (text) => (/\) Z /.test(text) ? 'gone' : 'there'),
          () => 'gone',
        ),
      {
        timeout: 10_000,
      },
    )
    .toBe('gone');
});
