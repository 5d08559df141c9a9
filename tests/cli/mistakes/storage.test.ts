import { execFile } from 'node:child_process';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath, getuid } from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runVya, type VyaResult } from '../vya.ts';
import { told } from './told.ts';

const nobody = 65_534;
const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vya-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function configOf(basePath: string): Promise<string> {
  const file = join(folder, 'config.yaml');
  const text = `instances: [{ id: a, type: mysql, host: 127.0.0.1, port: 1 }]\nstorage: { base_path: ${basePath} }\n`;
  await writeFile(file, text, { mode: 0o600 });
  return file;
}

async function backupInto(basePath: string): Promise<VyaResult> {
  return await runVya(['--config', await configOf(basePath), 'backup'], { measured: false });
}

test('a storage whose volume is not mounted', async () => {
  expect(told(await backupInto('/nonexistent/backups/vya'))).toEqual({
    code: 5,
    message: 'The storage /nonexistent/backups/vya does not exist, nor does the directory above it',
    hint: 'Mount its volume, correct storage.base_path, or make it: mkdir -p -m 0700 /nonexistent/backups/vya',
  });
});

test('a list of a storage that is not there', async () => {
  const result = await runVya(['--config', await configOf('/nonexistent/vya'), 'list'], { measured: false });
  expect(told(result)).toEqual({
    code: 5,
    message: 'Cannot read the storage /nonexistent/vya: it does not exist (ENOENT)',
    hint: 'Look whether the volume is mounted and storage.base_path is right.',
  });
});

test('a storage that is a file', async () => {
  const file = join(folder, 'backups');
  await writeFile(file, '');
  const result = await backupInto(file);
  expect(result.code).toBe(5);
  expect(result.stderr).toContain(
    `vya: error: The storage ${file} is not a directory\n  Correct storage.base_path.\n`,
  );
});

/**
 * Root may enter every directory: it has to lay that right down to meet what others meet. Others meet root's own directory.
 */
test('a storage that belongs to somebody else, as after sudo', async () => {
  let basePath = '/root/vya-backups';
  let command = [execPath, main];
  if (getuid?.() === 0) {
    basePath = join(folder, 'of-nobody');
    await mkdir(basePath, { mode: 0o700 });
    await chown(basePath, nobody, nobody);
    command = ['setpriv', '--bounding-set=-dac_override,-dac_read_search', '--', ...command];
  }
  const args = [...command.slice(1), '--config', await configOf(basePath), 'list'];
  const result = await new Promise<VyaResult>((resolve) => {
    execFile(command[0] ?? execPath, args, { env: { PATH: '/usr/bin:/bin' } }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr, json: () => JSON.parse(stdout) }),
    );
  });
  const { code, message, hint } = told(result);
  expect(code).toBe(5);
  expect(message).toBe(`Cannot read the storage ${basePath}: permission denied (EACCES)`);
  const [, path, owner, user, again] =
    /^(\S+) belongs to (\S+), and vya runs as (\S+)\. Run it as \S+, or let an administrator run: chown -R (\S+): /.exec(
      hint,
    ) ?? [];
  expect(hint).toBe(
    `${path} belongs to ${owner}, and vya runs as ${user}. Run it as ${owner}, or let an administrator run: chown -R ${again}: ${path} (and what else of the storage is ${owner}'s)`,
  );
  expect(basePath.startsWith(path ?? '-')).toBe(true);
  expect(user).toBe(again);
  if (getuid?.() === 0) expect({ owner, user }).toEqual({ owner: 'nobody', user: 'root' });
  else expect(owner).toBe('root');
});
