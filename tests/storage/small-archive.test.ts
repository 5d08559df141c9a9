import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readSmallArchive } from '../../src/storage/small-archive.ts';
import { pathWith } from '../servers/servers.ts';

const env = { PATH: await pathWith() };
const first = Buffer.from('CREATE TABLE a (id int);\n'.repeat(20));
const second = Buffer.from('-- Dump completed\n');

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'vya-test-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

function packed(program: string, input: Buffer): Buffer {
  const { status, stdout } = spawnSync(program, ['-q', '-c', '-3'], { input, env });
  expect(status).toBe(0);
  return stdout;
}

const codecs = [
  ['zstd', '.zst'],
  ['gzip', '.gz'],
] as const;

test.each(codecs)('what %s wrote in one go or in two is read whole', async (program, suffix) => {
  const path = join(await directory(), `dump.sql${suffix}`);
  await writeFile(path, packed(program, first));
  expect(await readSmallArchive(path)).toEqual(first);
  await writeFile(path, Buffer.concat([packed(program, first), packed(program, second)]));
  expect(await readSmallArchive(path)).toEqual(Buffer.concat([first, second]));
});

test.each(codecs)('a cut in a %s file is never taken for its end (F1)', async (program, suffix) => {
  const path = join(await directory(), `dump.sql${suffix}`);
  const begin = packed(program, first);
  const whole = Buffer.concat([begin, packed(program, second)]);
  for (let length = 0; length < whole.length; length += 1) {
    await writeFile(path, whole.subarray(0, length));
    const expected = length === begin.length ? first : undefined;
    expect(await readSmallArchive(path), `${length} of ${whole.length} bytes`).toEqual(expected);
  }
});

test.each(codecs)(
  'a %s file that was changed, or that holds more, is left to the program',
  async (program, suffix) => {
    const path = join(await directory(), `dump.sql${suffix}`);
    const whole = packed(program, first);
    for (const more of ['x', 'twelve bytes', '\0'.repeat(20)]) {
      await writeFile(path, Buffer.concat([whole, Buffer.from(more)]));
      expect(await readSmallArchive(path)).toBeUndefined();
    }
    const changed = Buffer.from(whole);
    const last = changed.length - 6;
    changed.writeUInt8(changed.readUInt8(last) ^ 1, last);
    await writeFile(path, changed);
    expect(await readSmallArchive(path)).toBeUndefined();
  },
);

test.each(codecs)('a small %s file that expands to much is left to the program', async (program, suffix) => {
  const path = join(await directory(), `dump.sql${suffix}`);
  await writeFile(path, packed(program, Buffer.alloc(16 * 1024 * 1024)));
  expect(await readSmallArchive(path)).toBeUndefined();
  await writeFile(path, packed(program, first));
  expect(await readSmallArchive(path, first.length)).toEqual(first);
  expect(await readSmallArchive(path, first.length - 1)).toBeUndefined();
});

test('a file that is not compressed is read as it is; links, pipes and what is missing are left to the program', async () => {
  const place = await directory();
  const path = join(place, 'dump.sql');
  await writeFile(path, first);
  expect(await readSmallArchive(path)).toEqual(first);
  expect(await readSmallArchive(path, first.length - 1)).toBeUndefined();
  await symlink(path, join(place, 'link.sql'));
  expect(await readSmallArchive(join(place, 'link.sql'))).toBeUndefined();
  expect(spawnSync('mkfifo', [join(place, 'pipe.sql')]).status).toBe(0);
  expect(await readSmallArchive(join(place, 'pipe.sql'))).toBeUndefined();
  expect(await readSmallArchive(join(place, 'missing.sql'))).toBeUndefined();
});
