import { appendFile, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stageBackup } from '../../src/storage/artifact.ts';
import type { BackupEntry } from '../../src/storage/backup-entry.ts';
import { scanBackups } from '../../src/storage/catalogue.ts';
import type { LockScope } from '../../src/storage/lock-scope.ts';
import type { Lock } from '../../src/storage/lock.ts';
import { finishRemovals, removeBackup } from '../../src/storage/remove.ts';
import {
  draftOf,
  entryOf,
  hold,
  instanceScope,
  lockRequest,
  makeBackup,
  mark,
  scratchDirectory,
  shop,
  startedAt,
} from './scratch.ts';

const databaseScope: LockScope = { kind: 'database', place: shop };

function remove(basePath: string, backup: BackupEntry, lock: Lock): Promise<{ kept: string[] }> {
  return removeBackup({ ...lockRequest(basePath, databaseScope), backup, lock });
}

/** A backup with a file and a directory, as PostgreSQL's are. */
async function makeTwoParts(basePath: string): Promise<BackupEntry> {
  const lock = await hold(basePath, instanceScope());
  const staged = await stageBackup({ basePath, lock, place: shop, startedAt, checksumAlgorithm: 'sha256' });
  const file = await staged.createFile('.sql');
  await appendFile(file.path, 'content');
  await file.finish();
  await mkdir(join(staged.pathFor('.pgdir'), 'blobs'), { recursive: true });
  for (const name of ['toc.dat', 'blobs/1.dat']) await writeFile(join(staged.pathFor('.pgdir'), name), name);
  await staged.adoptDirectory('.pgdir');
  const { id } = await staged.publish(
    draftOf([
      { path: file.name, format: 'sql', holds: ['everything'] },
      { path: `${staged.stem}.pgdir`, format: 'pg-directory', holds: ['everything'] },
    ]),
  );
  await lock.release();
  return await entryOf(basePath, id);
}

describe('removing a backup', () => {
  it('leaves nothing of it, marks included, and nothing else is touched', async () => {
    const base = await scratchDirectory();
    const other = await makeBackup(base, { at: new Date('2026-01-08T02:00:00Z') });
    const backup = await makeTwoParts(base);
    await mark(backup.path, 'pin.json', '{}');
    await mark(backup.path, 'proof.json', '{}');
    expect(await remove(base, backup, await hold(base, databaseScope))).toEqual({ kept: [] });
    expect(await readdir(join(base, 'prod/shop'))).toEqual(['20260108T020000Z']);
    const { backups, warnings } = await scanBackups({ basePath: base });
    expect([backups.map(({ id }) => id), warnings]).toEqual([[other.id], []]);
  });

  it('keeps and reports what vya did not write, and follows no link', async () => {
    const base = await scratchDirectory();
    const precious = await scratchDirectory();
    for (const name of ['toc.dat', '1.dat']) await writeFile(join(precious, name), 'precious');
    const backup = await makeTwoParts(base);
    const { path } = backup;
    await writeFile(join(path, 'thesis.txt'), 'mine');
    await writeFile(join(path, 'shop_20260109T020000Z.pgdir/notes'), 'mine');
    await rm(join(path, 'shop_20260109T020000Z.pgdir/blobs'), { recursive: true });
    await symlink(precious, join(path, 'shop_20260109T020000Z.pgdir/blobs'));
    await rm(join(path, 'shop_20260109T020000Z.sql'));
    await symlink(join(precious, 'toc.dat'), join(path, 'shop_20260109T020000Z.sql'));
    const { kept } = await remove(base, backup, await hold(base, databaseScope));
    expect(kept.sort()).toEqual(
      ['shop_20260109T020000Z.pgdir', 'shop_20260109T020000Z.sql', 'thesis.txt'].map((name) =>
        join(path, name),
      ),
    );
    expect((await readdir(join(path, 'shop_20260109T020000Z.pgdir'))).sort()).toEqual(['blobs', 'notes']);
    expect(await readFile(join(path, 'thesis.txt'), 'utf8')).toBe('mine');
    expect((await readdir(precious)).sort()).toEqual(['1.dat', 'toc.dat']);
    const { backups, warnings } = await scanBackups({ basePath: base });
    expect([backups, warnings]).toEqual([[], [`${path} is no backup: it has no manifest.json`]]);
  });

  it('waits for nobody: a backup that is being read stays as it is', async () => {
    const base = await scratchDirectory();
    const { id, path } = await makeBackup(base);
    const backup = await entryOf(base, id);
    const reader = await hold(base, { kind: 'backup', id, path }, { mode: 'shared' });
    const lock = await hold(base, databaseScope);
    await expect(remove(base, backup, lock)).rejects.toMatchObject({ kind: 'locked' });
    expect((await entryOf(base, id)).complete).toBe(true);
    await reader.release();
    expect(await remove(base, backup, lock)).toEqual({ kept: [] });
    await expect(remove(base, backup, lock)).rejects.toMatchObject({ kind: 'not-found' });
  });

  it('that was interrupted at any point is never listed, and is finished by the next', async () => {
    for (const done of [
      [],
      ['shop_20260109T020000Z.sql'],
      ['shop_20260109T020000Z.sql', 'shop_20260109T020000Z.pgdir', 'SHA256SUMS'],
      ['shop_20260109T020000Z.sql', 'shop_20260109T020000Z.pgdir', 'SHA256SUMS', 'manifest.removing.json'],
    ]) {
      const base = await scratchDirectory();
      const { path } = await makeTwoParts(base);
      await rename(join(path, 'manifest.json'), join(path, 'manifest.removing.json'));
      for (const name of done) await rm(join(path, name), { recursive: true });
      const { backups, warnings, unfinishedRemovals } = await scanBackups({ basePath: base });
      expect([backups, warnings, unfinishedRemovals]).toEqual([[], [], [path]]);
      const lock = await hold(base, databaseScope);
      expect(await finishRemovals({ basePath: base, paths: unfinishedRemovals, lock })).toEqual({ kept: [] });
      expect(await readdir(join(base, 'prod/shop'))).toEqual([]);
    }
  });

  it('is not begun when its manifest cannot be read', async () => {
    const base = await scratchDirectory();
    const { id, path } = await makeBackup(base);
    const backup = await entryOf(base, id);
    await writeFile(join(path, 'manifest.json'), '{}');
    await expect(remove(base, backup, await hold(base, databaseScope))).rejects.toMatchObject({
      kind: 'verification',
    });
    expect(await readdir(path)).toHaveLength(3);
  });

  it('of a manifest that names files elsewhere deletes nothing', async () => {
    const base = await scratchDirectory();
    const precious = join(base, 'precious');
    await writeFile(precious, 'mine');
    const { id, path } = await makeBackup(base);
    const backup = await entryOf(base, id);
    const text = await readFile(join(path, 'manifest.json'), 'utf8');
    await writeFile(
      join(path, 'manifest.json'),
      text.replaceAll('shop_20260109T020000Z.sql', '../../../precious'),
    );
    await expect(remove(base, backup, await hold(base, databaseScope))).rejects.toMatchObject({
      kind: 'verification',
    });
    expect(await readFile(precious, 'utf8')).toBe('mine');
  });

  it('needs the lock of its own database', async () => {
    const base = await scratchDirectory();
    const { id } = await makeBackup(base);
    const backup = await entryOf(base, id);
    for (const scope of [
      instanceScope(),
      { kind: 'database', place: { instance: 'prod', database: 'other' } } as const,
    ]) {
      await expect(remove(base, backup, await hold(base, scope))).rejects.toMatchObject({
        kind: 'unexpected',
      });
    }
    const shared = await hold(base, databaseScope, { mode: 'shared' });
    await expect(
      finishRemovals({ basePath: base, paths: [backup.path], lock: shared }),
    ).rejects.toMatchObject({ kind: 'unexpected' });
    expect((await entryOf(base, id)).complete).toBe(true);
  });
});
