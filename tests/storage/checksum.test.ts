import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { appendFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { checksumFile, followChecksum } from '../../src/storage/checksum.ts';
import { sumsText } from '../../src/storage/sums.ts';
import { scratchDirectory } from './scratch.ts';

const run = promisify(execFile);
const digest = (content: Buffer, algorithm = 'sha256'): string =>
  createHash(algorithm).update(content).digest('hex');

describe('a checksum that follows a file', () => {
  it.each(['sha256', 'md5'] as const)(
    'is the %s of what another program wrote meanwhile',
    async (algorithm) => {
      const path = join(await scratchDirectory(), 'dump');
      await writeFile(path, '');
      const following = followChecksum(path, algorithm);
      const fd = openSync(path, 'a');
      const script = 'for i in 1 2 3 4 5 6; do head -c 700000 /dev/urandom; sleep 0.05; done';
      const writer = spawn('sh', ['-c', script], { stdio: ['ignore', fd, 'ignore'] });
      closeSync(fd);
      expect(await once(writer, 'close')).toEqual([0, null]);
      const followed = await following.finish();
      const program = algorithm === 'md5' ? 'md5sum' : 'sha256sum';
      expect(followed).toEqual({
        size: 6 * 700_000,
        checksum: (await run(program, [path])).stdout.split(' ')[0],
      });
    },
  );

  it('sees what was written just before the end was told', async () => {
    const path = join(await scratchDirectory(), 'dump');
    await writeFile(path, '');
    const content = randomBytes(3_000_000);
    for (let round = 0; round < 20; round += 1) {
      await writeFile(path, '');
      const following = followChecksum(path, 'sha256');
      await sleep(round);
      await appendFile(path, content);
      expect(await following.finish()).toEqual({ size: content.length, checksum: digest(content) });
    }
  });

  it('ends when it is given up, and tells a missing file', async () => {
    const directory = await scratchDirectory();
    const path = join(directory, 'dump');
    await writeFile(path, 'x');
    await followChecksum(path, 'sha256').abandon();
    const missing = followChecksum(join(directory, 'none'), 'sha256');
    await expect(missing.finish()).rejects.toMatchObject({ kind: 'storage' });
  });
});

describe('the checksum of a file', () => {
  it('covers every byte and counts them', async () => {
    const path = join(await scratchDirectory(), 'file');
    const content = randomBytes(2_500_000);
    await writeFile(path, content);
    let seen = 0;
    const result = await checksumFile(path, 'md5', { onChunk: ({ length }) => (seen += length) });
    expect(result).toEqual({ size: content.length, checksum: digest(content, 'md5') });
    expect(seen).toBe(content.length);
  });

  it('refuses links, devices, pipes and directories instead of reading them', async () => {
    const directory = await scratchDirectory();
    await writeFile(join(directory, 'real'), 'x');
    await symlink(join(directory, 'real'), join(directory, 'link'));
    await run('mkfifo', [join(directory, 'pipe')]);
    for (const path of [join(directory, 'link'), '/dev/zero', join(directory, 'pipe'), directory]) {
      await expect(checksumFile(path, 'sha256'), path).rejects.toMatchObject({ kind: 'storage' });
    }
  });

  it('stops when the signal fires', async () => {
    const path = join(await scratchDirectory(), 'file');
    await writeFile(path, 'x');
    const reason = new Error('stopped');
    await expect(checksumFile(path, 'sha256', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('the checksums file', () => {
  it.each(['sha256', 'md5'] as const)(
    'is understood by %ssum -c, whatever the names hold',
    async (algorithm) => {
      const directory = await scratchDirectory();
      const names = [
        'plain',
        'with space ',
        '-rf',
        'back\\slash',
        'line\nbreak',
        'both\\n\n',
        'é',
        'dir/toc.dat',
        '*star',
        '"quotes\'',
      ];
      const files = [];
      for (const [index, path] of names.entries()) {
        const content = Buffer.from(`content ${index}`);
        await mkdir(dirname(join(directory, path)), { recursive: true });
        await writeFile(join(directory, path), content);
        files.push({ path, size: content.length, checksum: digest(content, algorithm) });
      }
      await writeFile(join(directory, 'SUMS'), sumsText(files));
      const check = () => run(`${algorithm}sum`, ['-c', '--strict', 'SUMS'], { cwd: directory });
      expect((await check()).stdout.trim().split('\n')).toHaveLength(names.length);
      await writeFile(join(directory, 'line\nbreak'), 'content x');
      await expect(check()).rejects.toMatchObject({ code: 1 });
    },
  );
});
