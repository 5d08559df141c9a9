import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { scanBackups } from '../../src/storage/catalogue.ts';
import { assertStoredName } from '../../src/storage/stored-name.ts';
import { notStruck, throughFault } from '../faults/through-fault.ts';
import { makeBackup, scratchDirectory } from './scratch.ts';

/** A file system that takes Foo for foo, or undefined where none can be mounted. */
async function foldingDisk(): Promise<string | undefined> {
  const base = await scratchDirectory();
  const image = join(await scratchDirectory(), 'image');
  await writeFile(image, '');
  await truncate(image, 16 * 1024 * 1024);
  const made = spawnSync('mke2fs', ['-q', '-O', 'casefold', '-E', 'encoding=utf8', image]);
  if (made.status !== 0 || spawnSync('mount', ['-o', 'loop', image, base]).status !== 0) return undefined;
  onTestFinished(() => void execFileSync('umount', ['-l', base]));
  await mkdir(join(base, 'storage'));
  return spawnSync('chattr', ['+F', join(base, 'storage')]).status === 0 ? join(base, 'storage') : undefined;
}

describe('the name of a directory', () => {
  it('must be the one that was asked for (F34)', async () => {
    const base = await scratchDirectory();
    await mkdir(join(base, 'Foo'));
    await assertStoredName(base, 'Foo');
    // What such a file system answers when foo is opened, or an é that is put together.
    await expect(assertStoredName(base, 'foo')).rejects.toMatchObject({
      kind: 'storage',
      message: expect.stringContaining('takes foo for Foo'),
    });
    await mkdir(join(base, 'é'));
    await expect(assertStoredName(base, 'e\u0301')).rejects.toMatchObject({ kind: 'storage' });
  });

  it('is checked for every backup: where Foo is foo, the second is refused and the first stays (F34)', async () => {
    const base = (await foldingDisk()) ?? (await scratchDirectory());
    const { id } = await makeBackup(base, { place: { instance: 'prod', database: 'Foo' } });
    const folds = spawnSync('test', ['-d', join(base, 'prod/foo')]).status === 0;
    if (!folds)
      process.stderr.write(
        '\nNOT TESTED HERE: a file system that takes Foo for foo; none can be mounted\n\n',
      );
    const foo = { place: { instance: 'prod', database: 'foo' } };
    await throughFault(
      'foo beside Foo',
      base,
      () => makeBackup(base, foo).catch((error: unknown) => error),
      async (seen) => {
        if (folds)
          expect(seen).toMatchObject({
            kind: 'storage',
            message: expect.stringContaining('takes foo for Foo'),
          });
        const { backups, warnings } = await scanBackups({ basePath: base });
        expect(warnings).toEqual([]);
        expect(backups.map((each) => each.id)).toContain(id);
        expect(backups).toHaveLength(folds ? 1 : 2);
        return folds ? undefined : notStruck;
      },
    );
  });
});
