import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stageBackup } from '../../src/storage/artifact.ts';
import { scanBackups } from '../../src/storage/catalogue.ts';
import { throughFault } from '../faults/through-fault.ts';
import { draftOf, hold, instanceScope, makeBackup, scratchDirectory, shop, startedAt } from './scratch.ts';

describe('a symbolic link that was planted in the storage', () => {
  it.each([
    '.locks',
    '.locks/prod',
    '.locks/prod/@instance',
    '.locks/prod/shop',
    '.staging',
    '.staging/prod',
    'prod',
    'prod/shop',
  ])('as %s is refused, and nothing is written through it', async (planted) => {
    const base = await scratchDirectory();
    const elsewhere = await scratchDirectory();
    const isFile = planted.split('/').length === 3;
    const target = isFile ? join(elsewhere, 'file') : elsewhere;
    if (isFile) await writeFile(target, 'precious');
    await mkdir(dirname(join(base, planted)), { recursive: true });
    await symlink(target, join(base, planted));
    await throughFault(
      `a symbolic link planted as ${planted}`,
      base,
      () => makeBackup(base).catch((error: unknown) => error),
      async (seen) => {
        expect(seen).toMatchObject({
          kind: 'storage',
          message: expect.stringContaining('symbolic link'),
        });
        expect(await readdir(elsewhere)).toEqual(isFile ? ['file'] : []);
        if (isFile) expect(await readFile(target, 'utf8')).toBe('precious');
      },
    );
  });

  it('as the file of a part, or as its directory, is refused', async () => {
    const base = await scratchDirectory();
    const elsewhere = await scratchDirectory();
    await writeFile(join(elsewhere, 'toc.dat'), 'precious');
    const lock = await hold(base, instanceScope());
    const staged = await stageBackup({
      basePath: base,
      lock,
      place: shop,
      startedAt,
      checksumAlgorithm: 'sha256',
    });
    await symlink(join(elsewhere, 'new'), staged.pathFor('.sql'));
    await expect(staged.createFile('.sql')).rejects.toMatchObject({ kind: 'storage' });
    await symlink(elsewhere, staged.pathFor('.pgdir'));
    await expect(staged.adoptDirectory('.pgdir')).rejects.toMatchObject({ kind: 'storage' });
    const inside = staged.pathFor('.pgdir2');
    await mkdir(inside);
    await writeFile(join(inside, 'toc.dat'), 'x');
    await symlink(join(elsewhere, 'toc.dat'), join(inside, '1.dat'));
    await expect(staged.adoptDirectory('.pgdir2')).rejects.toMatchObject({ kind: 'storage' });
    await staged.discard();
    expect(await readdir(elsewhere)).toEqual(['toc.dat']);
    expect(await readFile(join(elsewhere, 'toc.dat'), 'utf8')).toBe('precious');
  });

  it.each(['manifest.json', 'SHA256SUMS'])('as %s is refused when the backup is published', async (name) => {
    const base = await scratchDirectory();
    const elsewhere = await scratchDirectory();
    const lock = await hold(base, instanceScope());
    const staged = await stageBackup({
      basePath: base,
      lock,
      place: shop,
      startedAt,
      checksumAlgorithm: 'sha256',
    });
    const file = await staged.createFile('.sql');
    await writeFile(file.path, 'x');
    await file.finish();
    await symlink(join(elsewhere, 'new'), join(staged.directory, name));
    const publishing = staged.publish(draftOf([{ path: file.name, format: 'sql', holds: [] }]));
    await expect(publishing).rejects.toMatchObject({ kind: 'storage' });
    await staged.discard();
    expect(await readdir(elsewhere)).toEqual([]);
  });

  it('is reported by the catalogue and not followed', async () => {
    const base = await scratchDirectory();
    const { path } = await makeBackup(base);
    await symlink(path, join(base, 'prod/shop/20260110T020000Z'));
    await symlink(join(base, 'prod/shop'), join(base, 'prod/other'));
    await symlink(join(base, 'prod'), join(base, 'test'));
    const { backups, warnings } = await scanBackups({ basePath: base });
    expect(backups).toHaveLength(1);
    expect(warnings).toHaveLength(3);
    expect(warnings.every((warning) => warning.includes('symbolic link'))).toBe(true);
    await rm(path, { recursive: true });
  });
});
