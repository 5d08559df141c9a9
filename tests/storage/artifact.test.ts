import { execFile } from 'node:child_process';
import { appendFile, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { stageBackup } from '../../src/storage/artifact.ts';
import { prepareBase } from '../../src/storage/directories.ts';
import { cleanStaging } from '../../src/storage/staging.ts';
import { scanBackups } from '../../src/storage/catalogue.ts';
import { openBackup } from '../../src/storage/open-backup.ts';
import { readTree } from '../../src/storage/tree.ts';
import { verifyFiles } from '../../src/storage/verify-files.ts';
import { draftOf, hold, instanceScope, makeBackup, scratchDirectory, shop, startedAt } from './scratch.ts';

const run = promisify(execFile);

async function stage(basePath: string) {
  const lock = await hold(basePath, instanceScope());
  const staged = await stageBackup({ basePath, lock, place: shop, startedAt, checksumAlgorithm: 'sha256' });
  return { lock, staged };
}

const everything = (path: string) => [{ path, format: 'sql' as const, holds: ['everything'] }];

describe('a published backup', () => {
  it('lies in its place with its files, its sums and its manifest', async () => {
    const base = await scratchDirectory();
    const { staged } = await stage(base);
    const file = await staged.createFile('.1-tables.sql.zst');
    await appendFile(file.path, 'one');
    await appendFile(file.path, 'two');
    expect(await file.finish()).toMatchObject({ path: 'shop_20260109T020000Z.1-tables.sql.zst', size: 6 });
    const directory = staged.pathFor('.pgdir');
    await mkdir(join(directory, 'blobs'), { recursive: true });
    for (const name of ['toc.dat', '3001.dat.zst', 'blobs/1.dat'])
      await writeFile(join(directory, name), name);
    expect(await staged.adoptDirectory('.pgdir')).toBe(directory);
    expect(await staged.sizeOf(directory)).toBe('toc.dat3001.dat.zstblobs/1.dat'.length);
    const { id, path, manifest } = await staged.publish(
      draftOf(
        [
          ...everything(file.name),
          { path: `${staged.stem}.pgdir`, format: 'pg-directory', holds: ['everything'] },
        ],
        { compression: { codec: 'zstd', level: 3 } },
      ),
    );
    expect(id).toBe('prod/shop/20260109T020000Z');
    expect(path).toBe(join(base, id));
    expect(await readdir(path)).toEqual([
      'SHA256SUMS',
      'manifest.json',
      'shop_20260109T020000Z.1-tables.sql.zst',
      'shop_20260109T020000Z.pgdir',
    ]);
    expect(manifest).toMatchObject({
      id,
      kind: 'database',
      database: 'shop',
      startedAt: '2026-01-09T02:00:00.250Z',
    });
    expect(manifest.files).toHaveLength(4);
    expect((await run('sha256sum', ['-c', '--strict', 'SHA256SUMS'], { cwd: path })).stdout).toContain(
      'blobs/1.dat: OK',
    );
    expect(await verifyFiles(await openBackup(path))).toEqual([]);
    await staged.discard();
    expect(await readdir(path)).toHaveLength(4);
    expect(await readdir(join(base, '.staging/prod'))).toEqual([]);
  });

  it('of accounts lies beside the databases, with md5 sums where they are wanted', async () => {
    const base = await scratchDirectory();
    const lock = await hold(base, instanceScope());
    const place = { instance: 'prod', database: null };
    const staged = await stageBackup({ basePath: base, lock, place, startedAt, checksumAlgorithm: 'md5' });
    const file = await staged.createFile('.sql');
    await appendFile(file.path, 'CREATE USER x;');
    await file.finish();
    const { id, path, manifest } = await staged.publish(draftOf(everything(file.name)));
    expect([id, manifest.kind, manifest.database]).toEqual([
      'prod/@accounts/20260109T020000Z',
      'accounts',
      null,
    ]);
    await run('md5sum', ['-c', '--strict', 'MD5SUMS'], { cwd: path });
  });

  it('never takes the place of another: a second one of the same second gets a name of its own (F34)', async () => {
    const base = await scratchDirectory();
    const first = await makeBackup(base, { content: 'first' });
    const second = await makeBackup(base, { content: 'second' });
    await mkdir(join(base, 'prod/shop/20260109T020000Z-3'));
    await symlink('/nowhere', join(base, 'prod/shop/20260109T020000Z-4'));
    await writeFile(join(base, 'prod/shop/20260109T020000Z-5'), 'a file');
    const third = await makeBackup(base, { content: 'third' });
    expect([first.id, second.id, third.id]).toEqual([
      'prod/shop/20260109T020000Z',
      'prod/shop/20260109T020000Z-2',
      'prod/shop/20260109T020000Z-6',
    ]);
    for (const [backup, content] of [
      [first, 'first'],
      [second, 'second'],
      [third, 'third'],
    ] as const) {
      expect(backup.manifest.id).toBe(backup.id);
      expect((await openBackup(backup.path)).manifest.id).toBe(backup.id);
      expect(await readFile(join(backup.path, backup.manifest.files[0]?.path ?? ''), 'utf8')).toBe(content);
    }
  });

  it('keeps Foo beside foo, and names that no path can hold, each in a place of its own (F34)', async () => {
    const base = await scratchDirectory();
    const names = [
      'Foo',
      'foo',
      'é',
      'e\u0301',
      '../../evil',
      '.hidden',
      '-rf',
      '@accounts',
      'a\nb',
      '日'.repeat(64),
      '/'.repeat(90),
    ];
    for (const database of names)
      await makeBackup(base, { place: { instance: 'prod', database }, content: database });
    const { backups, warnings } = await scanBackups({ basePath: base });
    expect(warnings).toEqual([]);
    expect(new Set(backups.map(({ database }) => database))).toEqual(new Set(names));
    expect(backups).toHaveLength(names.length);
    expect(backups.every(({ complete, kind }) => complete && kind === 'database')).toBe(true);
    for (const { path, database } of backups) {
      const { manifest } = await openBackup(path);
      expect(await readFile(join(path, manifest.files[0]?.path ?? ''), 'utf8')).toBe(database);
      await run('sha256sum', ['-c', '--strict', 'SHA256SUMS'], { cwd: path });
    }
    expect(await readdir(base)).toEqual(['.locks', '.staging', 'prod']);
  });
});

describe('a backup in the making', () => {
  it('is seen by nobody, and leaves nothing when it is discarded', async () => {
    const base = await scratchDirectory();
    const { staged } = await stage(base);
    const file = await staged.createFile('.sql');
    await appendFile(file.path, 'half of it');
    expect((await scanBackups({ basePath: base })).backups).toEqual([]);
    await staged.discard();
    await staged.discard();
    expect(await readdir(join(base, '.staging/prod'))).toEqual([]);
    expect(await readdir(join(base, 'prod/shop'))).toEqual([]);
  });

  it('is not published while a file is unfinished, of another instance, or without any file', async () => {
    const base = await scratchDirectory();
    const { staged } = await stage(base);
    const draft = draftOf(everything(`${staged.stem}.sql`));
    await expect(staged.publish(draft)).rejects.toMatchObject({ kind: 'storage' });
    const file = await staged.createFile('.sql');
    await appendFile(file.path, 'x');
    await expect(staged.publish(draft)).rejects.toMatchObject({ kind: 'unexpected' });
    await file.finish();
    await expect(
      staged.publish({ ...draft, instance: { id: 'other', type: 'mysql' } }),
    ).rejects.toMatchObject({ kind: 'unexpected' });
    await staged.discard();
    expect((await scanBackups({ basePath: base })).backups).toEqual([]);
  });

  it('fails when a dump wrote nothing (F1)', async () => {
    const { staged } = await stage(await scratchDirectory());
    const file = await staged.createFile('.sql');
    await expect(file.finish()).rejects.toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('wrote nothing'),
    });
    await expect(staged.adoptDirectory('.pgdir')).rejects.toMatchObject({ kind: 'failed' });
    await mkdir(staged.pathFor('.pgdir'));
    await expect(staged.adoptDirectory('.pgdir')).rejects.toMatchObject({ kind: 'failed' });
    await staged.discard();
  });

  it('is not published when its files changed after they were checksummed', async () => {
    for (const change of [
      (path: string) => appendFile(path, 'more'),
      (path: string) => rm(path),
      (path: string) => writeFile(`${path}.extra`, 'x'),
      async (path: string) => {
        await rm(path);
        await symlink('/etc/passwd', path);
      },
    ]) {
      const { staged, lock } = await stage(await scratchDirectory());
      const file = await staged.createFile('.sql');
      await appendFile(file.path, 'x');
      await file.finish();
      await change(file.path);
      await expect(staged.publish(draftOf(everything(file.name)))).rejects.toMatchObject({ kind: 'storage' });
      await staged.discard();
      await lock.release();
    }
  });

  it('creates each part once', async () => {
    const { staged } = await stage(await scratchDirectory());
    await staged.createFile('.sql');
    await expect(staged.createFile('.sql')).rejects.toMatchObject({ kind: 'storage' });
    await expect(staged.createFile('/../../x')).rejects.toMatchObject({ kind: 'unexpected' });
    await staged.discard();
  });

  it('needs the lock of its own instance', async () => {
    const base = await scratchDirectory();
    const lock = await hold(base, instanceScope('other'));
    const staging = stageBackup({
      basePath: base,
      lock,
      place: shop,
      startedAt,
      checksumAlgorithm: 'sha256',
    });
    await expect(staging).rejects.toMatchObject({ kind: 'unexpected' });
  });
});

describe('what a killed run left behind', () => {
  it('is removed by the next, and nothing else is', async () => {
    const base = await scratchDirectory();
    const { staged, lock } = await stage(base);
    await appendFile((await staged.createFile('.sql')).path, 'half');
    await mkdir(staged.pathFor('.pgdir'));
    await writeFile(join(staged.pathFor('.pgdir'), 'toc.dat'), 'half');
    const parent = join(base, '.staging/prod');
    const other = join(base, '.staging/other/20260101T000000Z-0123456789ab');
    for (const path of [join(parent, 'notes'), other]) await mkdir(path, { recursive: true });
    await writeFile(join(other, 'x_20260101T000000Z.sql'), 'another instance, which may be running');
    expect(await cleanStaging({ basePath: base, lock })).toEqual([
      `${join(parent, 'notes')} was not written by vya and stays`,
    ]);
    expect(await readdir(parent)).toEqual(['notes']);
    expect(await readdir(other)).toEqual(['x_20260101T000000Z.sql']);
  });

  it('stays as far as vya did not write it, and links are not followed', async () => {
    const base = await scratchDirectory();
    const precious = await scratchDirectory();
    await writeFile(join(precious, 'data'), 'precious');
    const { staged, lock } = await stage(base);
    await appendFile((await staged.createFile('.sql')).path, 'half');
    await symlink(precious, join(staged.directory, 'shop_20260109T020000Z.pgdir'));
    await writeFile(join(staged.directory, 'thesis.txt'), 'mine');
    expect(await cleanStaging({ basePath: base, lock })).toEqual([
      `${join(staged.directory, 'thesis.txt')} was not written by vya and stays`,
    ]);
    expect(await readdir(staged.directory)).toEqual(['thesis.txt']);
    expect(await readFile(join(precious, 'data'), 'utf8')).toBe('precious');
  });

  it('is nothing to clean where nobody ever backed up', async () => {
    const base = await scratchDirectory();
    expect(await cleanStaging({ basePath: base, lock: await hold(base, instanceScope()) })).toEqual([]);
  });
});

describe('the base of the storage', () => {
  it('is created, private, when only its last part is missing', async () => {
    const parent = await scratchDirectory();
    const base = join(parent, 'vya');
    await prepareBase(base);
    await prepareBase(base);
    expect((await stat(base)).mode & 0o777).toBe(0o700);
  });

  it('is refused when more is missing, or when it is a file: a volume may not be mounted', async () => {
    const parent = await scratchDirectory();
    await writeFile(join(parent, 'file'), '');
    for (const base of [join(parent, 'mnt/vya'), join(parent, 'file'), join(parent, 'file/vya')]) {
      await expect(prepareBase(base), base).rejects.toMatchObject({
        kind: 'storage',
        hint: expect.stringContaining('storage.base_path'),
      });
    }
    expect(await readTree(parent)).toHaveLength(1);
  });
});
