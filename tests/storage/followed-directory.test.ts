import { createHash, randomBytes } from 'node:crypto';
import { appendFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type FollowedDirectory, followDirectory } from '../../src/storage/followed-directory.ts';
import { adoptDirectory } from '../../src/storage/staged-directory.ts';
import { scratchDirectory } from './scratch.ts';

const patience = { timeout: 60_000, interval: 20 };
const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

async function followed(): Promise<{ root: string; directory: string; following: FollowedDirectory }> {
  const root = await scratchDirectory();
  const directory = join(root, 'dump');
  const following = followDirectory(directory, 'sha256');
  onTestFinished(() => following.stop());
  return { root, directory, following };
}

test('what is written is read before the writer has ended, also where a file grows late', async () => {
  const { root, directory, following } = await followed();
  await mkdir(directory);
  const [first, second, late] = [randomBytes(3_000_000), randomBytes(2_000_001), randomBytes(1_500_000)];
  await writeFile(join(directory, '1.dat'), first);
  await vi.waitFor(() => expect(following.followed()).toBe(first.length), patience);
  await writeFile(join(directory, '2.dat'), second);
  await vi.waitFor(() => expect(following.followed()).toBe(first.length + second.length), patience);
  await appendFile(join(directory, '1.dat'), late);
  const all = first.length + second.length + late.length;
  await vi.waitFor(() => expect(following.followed()).toBe(all), patience);
  // Comes when nobody looks any more.
  await following.stop();
  await appendFile(join(directory, '2.dat'), late);
  await writeFile(join(directory, 'toc.dat'), 'table of contents');
  const entries = await adoptDirectory(root, 'dump', 'sha256', { following });
  expect(entries).toEqual([
    { path: 'dump/1.dat', size: 4_500_000, checksum: sha256(Buffer.concat([first, late])) },
    { path: 'dump/2.dat', size: 3_500_001, checksum: sha256(Buffer.concat([second, late])) },
    { path: 'dump/toc.dat', size: 17, checksum: sha256(Buffer.from('table of contents')) },
  ]);
  expect(following.followed()).toBe(all + late.length);
});

test('a file that vanishes, is cut or is replaced is read as a whole', async () => {
  const { root, directory, following } = await followed();
  await mkdir(directory);
  const content = randomBytes(2_000_000);
  for (const name of ['gone.dat', 'cut.dat', 'replaced.dat']) await writeFile(join(directory, name), content);
  await vi.waitFor(() => expect(following.followed()).toBe(3 * content.length), patience);
  await rm(join(directory, 'gone.dat'));
  const other = randomBytes(1_200_000);
  await writeFile(join(directory, 'cut.dat'), other);
  const larger = randomBytes(2_500_000);
  await writeFile(join(directory, 'new'), larger);
  await rename(join(directory, 'new'), join(directory, 'replaced.dat'));
  expect(await adoptDirectory(root, 'dump', 'sha256', { following })).toEqual([
    { path: 'dump/cut.dat', size: other.length, checksum: sha256(other) },
    { path: 'dump/replaced.dat', size: larger.length, checksum: sha256(larger) },
  ]);
});

test(
  'of thousands of files few are open at any time, and each has its checksum',
  { timeout: 240_000 },
  async () => {
    const { root, directory, following } = await followed();
    await mkdir(directory);
    const large = randomBytes(1_100_000);
    let most = 0;
    for (let index = 0; index < 3_000; index += 1) {
      await writeFile(join(directory, `${index}.dat`), index % 100 === 0 ? large : `row ${index}`);
      if (index % 50 === 0) most = Math.max(most, openFilesIn(directory));
    }
    await vi.waitFor(() => expect(following.followed()).toBe(30 * large.length), patience);
    const entries = await adoptDirectory(root, 'dump', 'sha256', { following });
    expect(entries).toHaveLength(3_000);
    for (const { path, checksum } of entries) {
      const index = Number(/(\d+)\.dat$/.exec(path)?.[1]);
      expect(checksum, path).toBe(sha256(index % 100 === 0 ? large : Buffer.from(`row ${index}`)));
    }
    expect(most).toBeLessThanOrEqual(1);
  },
);

test('given up, nothing is read on', async () => {
  const { directory, following } = await followed();
  await mkdir(directory);
  await writeFile(join(directory, '1.dat'), randomBytes(2_000_000));
  await vi.waitFor(() => expect(following.followed()).toBe(2_000_000), patience);
  await following.stop();
  expect(openFilesIn(directory)).toBe(0);
  await rm(directory, { recursive: true });
  expect(await following.finish('2.dat')).toBeUndefined();
});

/** Files of a directory that this process has open. Linux. */
function openFilesIn(directory: string): number {
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return targets.filter((target) => target.startsWith(`${directory}/`)).length;
}
