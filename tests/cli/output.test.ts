import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vya-test-'));
  const config = `instances: [{ id: main, type: mysql, host: db1 }]\nstorage: { base_path: '${directory}' }\n`;
  await writeFile(join(directory, 'config.yaml'), config, { mode: 0o600 });
});
afterAll(() => rm(directory, { recursive: true }));

/** Runs vya with its output going where the shell sends it. */
function vyaInto(redirection: string, ...args: string[]): Promise<{ code: number; stderr: string }> {
  const script = `"$0" "$@" ${redirection}`;
  const command = ['-c', script, process.execPath, main, '--config', join(directory, 'config.yaml'), ...args];
  return new Promise((resolve) => {
    execFile('sh', command, (error, _stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stderr }));
  });
}

test.each([[['list']], [['list', '--format', 'json']], [['config', 'show']]])(
  'the report of %j that a full disk swallows is a failure (F29)',
  async (args) => {
    const { code, stderr } = await vyaInto('> /dev/full', ...args);
    expect(stderr).toContain('Cannot write the output');
    expect(code).toBe(5);
  },
);

test('another failure keeps its code on a full disk', async () => {
  expect(await vyaInto('> /dev/full', 'list', '--format', 'json', '--date', 'never')).toMatchObject({
    code: 3,
  });
});

test('a reader that has seen enough is no failure, nor is a full disk under the messages', async () => {
  expect(await vyaInto('| true', 'config', 'schema')).toEqual({ code: 0, stderr: '' });
  expect(await vyaInto('2> /dev/full', 'list')).toMatchObject({ code: 0 });
});
