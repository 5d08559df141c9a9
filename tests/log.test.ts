import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLog } from '../src/log.ts';

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'log-'));
  file = join(directory, 'vya.log');
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

test('text lines hold time, level, message and fields', async () => {
  createLog({ level: 'INFO', format: 'text', output: file }).warning(
    { instance: 'prod', rows: 3, note: 'two words' },
    'look here',
  );
  expect(await readFile(file, 'utf8')).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ WARNING look here \(instance=prod rows=3 note="two words"\)\n$/,
  );
});

test('JSON lines hold one object each', async () => {
  const log = createLog({ level: 'INFO', format: 'json', output: file });
  log.info({ instance: 'prod' }, 'one');
  log.critical({}, 'two');
  const lines = (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(lines).toEqual([
    { level: 'INFO', time: expect.any(String), instance: 'prod', msg: 'one' },
    { level: 'CRITICAL', time: expect.any(String), msg: 'two' },
  ]);
});

test.each(['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const)(
  'level %s lets what is as important pass',
  async (level) => {
    const order = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];
    const log = createLog({ level, format: 'json', output: file });
    for (const name of ['debug', 'info', 'warning', 'error', 'critical'] as const) log[name]({}, name);
    const text = await readFile(file, 'utf8').catch(() => '');
    const levels = text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { level: string }).level);
    expect(levels).toEqual(order.slice(order.indexOf(level)));
  },
);

test.each(['text', 'json'] as const)('(F35) secrets appear in no line of format %s', async (format) => {
  const log = createLog({ level: 'DEBUG', format, output: file });
  log.conceal('canary"pass\\word');
  log.error(
    { detail: 'login canary"pass\\word', password: 'other-secret', inner: { password: 'third-secret' } },
    'with canary"pass\\word',
  );
  const text = await readFile(file, 'utf8');
  expect(text).toContain('[redacted]');
  expect(text).not.toMatch(/canary|other-secret|third-secret/);
});

test('a log file is for its owner alone', async () => {
  createLog({ level: 'INFO', format: 'text', output: file }).info({}, 'x');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('(F38) nothing is lost at exit, and a full disk under the log stops nothing', async () => {
  const source = JSON.stringify(new URL('../src/log.ts', import.meta.url));
  const script = (output: string): string => `
    const { createLog } = await import(${source});
    const log = createLog({ level: 'INFO', format: 'json', output: ${JSON.stringify(output)} });
    for (let i = 0; i < 5000; i += 1) log.info({ i }, 'line');
    console.log('done');`;
  const run = (output: string) =>
    promisify(execFile)(process.execPath, ['--input-type=module', '-e', script(output)]);
  await run(file);
  expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(5000);
  const full = await run('/dev/full');
  expect(full.stdout).toBe('done\n');
  expect(full.stderr).toMatch(/^vya: cannot write the log \/dev\/full: .*ENOSPC.*\n$/);
});
