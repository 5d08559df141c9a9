import { appendFile, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openBackup } from '../../src/storage/open-backup.ts';
import { extraFiles, verifyFiles } from '../../src/storage/verify-files.ts';
import { makeBackup, mark, scratchDirectory } from './scratch.ts';

async function made() {
  const { path, manifest } = await makeBackup(await scratchDirectory(), { content: 'x'.repeat(5_000) });
  return { path, file: join(path, manifest.files[0]?.path ?? ''), backup: await openBackup(path) };
}

describe('checking the files of a backup', () => {
  it('finds nothing wrong with one that is as it was made, and counts its bytes', async () => {
    const { backup } = await made();
    let seen = 0;
    expect(await verifyFiles(backup, { onChunk: ({ length }) => (seen += length) })).toEqual([]);
    expect(seen).toBe(5_000);
  });

  it.each<[string, RegExp, (file: string) => Promise<unknown>]>([
    [
      'one flipped bit',
      /another sha256 checksum/,
      async (file) => {
        const content = await readFile(file);
        content[2_500] = (content[2_500] ?? 0) ^ 4;
        await writeFile(file, content);
      },
    ],
    ['a missing end', /has 4999 bytes instead of 5000/, (file) => truncate(file, 4_999)],
    ['more at its end', /has 5001 bytes instead of 5000/, (file) => appendFile(file, 'x')],
    ['a missing file', /lacks shop_/, (file) => rm(file)],
    [
      'a link in place of a file',
      /a symbolic link where a file should be/,
      async (file) => {
        await rm(file);
        await symlink('/etc/passwd', file);
      },
    ],
  ])('finds %s', async (_, problem, damage) => {
    const { backup, file } = await made();
    await damage(file);
    expect(await verifyFiles(backup)).toEqual([expect.stringMatching(problem)]);
  });

  it('stops when the signal fires', async () => {
    const { backup } = await made();
    const reason = new Error('stopped');
    await expect(verifyFiles(backup, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('knows files that are not of the backup from pins and proofs', async () => {
    const { backup, path } = await made();
    await mark(path, 'pin.json', '{}');
    expect(await extraFiles(backup)).toEqual([]);
    await writeFile(join(path, 'notes'), '');
    expect(await extraFiles(backup)).toEqual(['notes']);
  });
});
