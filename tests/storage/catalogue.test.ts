import { chmod, cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { retentionInput, scanBackups } from '../../src/storage/catalogue.ts';
import { openBackup } from '../../src/storage/open-backup.ts';
import type { Place } from '../../src/storage/layout.ts';
import { readTree } from '../../src/storage/tree.ts';
import { entryOf, makeBackup, mark, scratchDirectory } from './scratch.ts';

const day = (date: string): Date => new Date(`2026-01-${date}T02:00:00Z`);
const place = (instance: string, database: string | null): Place => ({ instance, database });
const pin = {
  format: 'vya-pin',
  version: 1,
  pinnedAt: '2026-01-09T03:00:00Z',
  reason: 'before the migration',
};
const proof = {
  format: 'vya-proof',
  version: 1,
  provenAt: '2026-01-09T04:00:00Z',
  passed: true,
  exact: true,
  exceptions: [],
  target: 'prod',
  vya: '0.2.0',
};

const ids = async (filter: Parameters<typeof scanBackups>[0]): Promise<string[]> =>
  (await scanBackups(filter)).backups.map(({ id }) => id);

describe('the catalogue', () => {
  it('shows what there is, newest first', async () => {
    const basePath = await scratchDirectory();
    for (const [where, date] of [
      [place('prod', 'shop'), '09'],
      [place('prod', 'shop'), '07'],
      [place('prod', null), '08'],
      [place('test', 'shop'), '10'],
      [place('prod', 'a/b'), '06'],
    ] as const) {
      await makeBackup(basePath, { place: where, at: day(date), content: date });
    }
    expect(await ids({ basePath })).toEqual([
      'test/shop/20260110T020000Z',
      'prod/shop/20260109T020000Z',
      'prod/@accounts/20260108T020000Z',
      'prod/shop/20260107T020000Z',
      'prod/a%2Fb/20260106T020000Z',
    ]);
    const [first] = (await scanBackups({ basePath, database: 'a/b' })).backups;
    expect(first).toMatchObject({
      instance: 'prod',
      database: 'a/b',
      kind: 'database',
      takenAt: day('06'),
      sequence: 1,
      path: join(basePath, 'prod/a%2Fb/20260106T020000Z'),
      complete: true,
      pinned: false,
      proven: false,
      sizeBytes: 2,
      summary: { run: 'run-1', server: { flavour: 'mariadb' } },
    });
    expect(await ids({ basePath, instance: 'test' })).toEqual(['test/shop/20260110T020000Z']);
    expect(await ids({ basePath, instance: 'prod', database: null })).toEqual([
      'prod/@accounts/20260108T020000Z',
    ]);
    expect(await ids({ basePath, database: 'shop', limit: 2 })).toEqual([
      'test/shop/20260110T020000Z',
      'prod/shop/20260109T020000Z',
    ]);
    expect(await ids({ basePath, when: (takenAt) => takenAt < day('08') })).toEqual([
      'prod/shop/20260107T020000Z',
      'prod/a%2Fb/20260106T020000Z',
    ]);
    expect(await ids({ basePath, instance: 'prod', database: 'none' })).toEqual([]);
    expect(await ids({ basePath, instance: 'none' })).toEqual([]);
  });

  it('sorts the backups of one second by their number, and knows long names from their manifests', async () => {
    const basePath = await scratchDirectory();
    const long = '日'.repeat(100);
    for (let index = 0; index < 11; index += 1) await makeBackup(basePath, { place: place('prod', long) });
    const { backups } = await scanBackups({ basePath });
    expect(backups.map(({ sequence }) => sequence)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(new Set(backups.map(({ database }) => database))).toEqual(new Set([long]));
    expect(await ids({ basePath, database: long })).toHaveLength(11);
    expect(await ids({ basePath, database: '日'.repeat(101) })).toEqual([]);
  });

  it('reads pins and proofs beside the manifest, and takes the safe side of broken ones', async () => {
    const basePath = await scratchDirectory();
    const { id, path } = await makeBackup(basePath);
    const look = async () => {
      const { backups, warnings } = await scanBackups({ basePath });
      return [backups[0]?.pinned, backups[0]?.proven, warnings.length];
    };
    await mark(path, 'pin.json', pin);
    await mark(path, 'proof.json', proof);
    expect(await look()).toEqual([true, true, 0]);
    await mark(path, 'proof.json', { ...proof, passed: false });
    expect(await look()).toEqual([true, false, 0]);
    for (const broken of ['', '{}', '[]', 'x', '{"format":"vya-pin","version":9}']) {
      await mark(path, 'pin.json', broken);
      await mark(path, 'proof.json', broken);
      expect(await look()).toEqual([true, false, 2]);
    }
    await rm(join(path, 'pin.json'));
    await symlink('/etc/hostname', join(path, 'pin.json'));
    expect((await look())[0]).toBe(true);
    expect((await entryOf(basePath, id)).complete).toBe(true);
  });

  it('reports what is broken or foreign, lists only what can be restored as complete, and touches nothing', async () => {
    const basePath = await scratchDirectory();
    const good = await makeBackup(basePath);
    const cut = await makeBackup(basePath, { at: day('10') });
    const newer = await makeBackup(basePath, { at: day('11') });
    const without = await makeBackup(basePath, { at: day('12') });
    const removing = await makeBackup(basePath, { at: day('13') });
    await writeFile(join(cut.path, 'manifest.json'), '{"format": "vya-ba');
    const manifest = JSON.parse(await readFile(join(newer.path, 'manifest.json'), 'utf8')) as object;
    await writeFile(join(newer.path, 'manifest.json'), JSON.stringify({ ...manifest, version: 3 }));
    await rm(join(without.path, 'manifest.json'));
    await rename(join(removing.path, 'manifest.json'), join(removing.path, 'manifest.removing.json'));
    await cp(good.path, join(basePath, 'prod/shop/20260114T020000Z'), { recursive: true });
    await cp(join(basePath, 'prod/shop'), join(basePath, 'prod/copy'), { recursive: true });
    await rm(join(basePath, 'prod/copy'), { recursive: true });
    for (const foreign of [
      'README',
      'prod/notes',
      'prod/shop/readme.txt',
      'prod/%61/20260109T020000Z',
      'prod/shop/old/x',
      'Prod/shop/x',
    ]) {
      await mkdir(join(basePath, foreign), { recursive: true });
    }
    await writeFile(join(basePath, 'file.txt'), 'x');
    await mkdir(join(basePath, 'lost+found'), { mode: 0 });
    await writeFile(join(basePath, 'prod/.hidden'), 'x');
    const before = await readTree(basePath);
    const { backups, warnings, unfinishedRemovals } = await scanBackups({ basePath });
    expect(backups.map(({ id, complete }) => [id, complete])).toEqual([
      ['prod/shop/20260114T020000Z', false],
      ['prod/shop/20260111T020000Z', false],
      ['prod/shop/20260110T020000Z', false],
      ['prod/shop/20260109T020000Z', true],
    ]);
    expect(unfinishedRemovals).toEqual([removing.path]);
    const about = (text: string) => warnings.filter((warning) => warning.includes(text));
    expect(about('20260110T020000Z')).toEqual([expect.stringContaining('not JSON')]);
    expect(about('20260111T020000Z')).toEqual([expect.stringContaining('newer vya')]);
    expect(about('20260112T020000Z')).toEqual([expect.stringContaining('no manifest.json')]);
    expect(about('20260114T020000Z')).toEqual([
      expect.stringContaining('was made as prod/shop/20260109T020000Z'),
    ]);
    for (const foreign of ['README', 'readme.txt', '%61', 'old', 'Prod', 'file.txt'])
      expect(about(foreign), foreign).toHaveLength(1);
    expect(warnings).toHaveLength(10);
    expect(await readTree(basePath)).toHaveLength(before.length);
    await chmod(join(basePath, 'lost+found'), 0o700);
  });

  it('takes a partial backup for no candidate of retention: it must not evict a whole one', async () => {
    const basePath = await scratchDirectory();
    const whole = await makeBackup(basePath);
    const partial = await makeBackup(basePath, { at: day('10'), draft: { partial: true } });
    expect(retentionInput(await entryOf(basePath, whole.id))).toMatchObject({ complete: true });
    expect(retentionInput(await entryOf(basePath, partial.id))).toMatchObject({ complete: false });
  });

  it('is no empty list when the storage is not there', async () => {
    const basePath = await scratchDirectory();
    expect(await scanBackups({ basePath })).toEqual({ backups: [], warnings: [], unfinishedRemovals: [] });
    await expect(scanBackups({ basePath: join(basePath, 'unmounted') })).rejects.toMatchObject({
      kind: 'storage',
    });
    await writeFile(join(basePath, 'file'), '');
    await expect(scanBackups({ basePath: join(basePath, 'file') })).rejects.toMatchObject({
      kind: 'storage',
    });
    await expect(scanBackups({ basePath, instance: '../etc' })).rejects.toMatchObject({ kind: 'usage' });
  });

  it('goes through thousands of backups', async () => {
    const basePath = await scratchDirectory();
    const { path } = await makeBackup(basePath);
    const manifest = await readFile(join(path, 'manifest.json'), 'utf8');
    const names = Array.from({ length: 2_000 }, (_, index) =>
      new Date(Date.UTC(2026, 1, 1) + index * 3_600_000).toISOString().replace(/[-:]|\.\d+/g, ''),
    );
    for (const name of names) {
      await mkdir(join(basePath, 'prod/shop', name));
      await writeFile(
        join(basePath, 'prod/shop', name, 'manifest.json'),
        manifest.replaceAll('prod/shop/20260109T020000Z', `prod/shop/${name}`),
      );
    }
    const { backups, warnings } = await scanBackups({ basePath });
    expect([backups.length, warnings.length]).toEqual([2_001, 0]);
    expect(backups.map(({ id }) => id)).toEqual(
      backups
        .map(({ id }) => id)
        .sort()
        .reverse(),
    );
  });
});

describe('a backup from anywhere', () => {
  it('is opened by its directory, a file in it, or a link to it', async () => {
    const basePath = await scratchDirectory();
    const elsewhere = await scratchDirectory();
    const { path, manifest } = await makeBackup(basePath);
    await cp(path, join(elsewhere, 'copy'), { recursive: true });
    await symlink(join(elsewhere, 'copy'), join(elsewhere, 'link'));
    for (const given of ['copy', 'copy/', 'copy/manifest.json', `copy/${manifest.files[0]?.path}`, 'link']) {
      expect(await openBackup(join(elsewhere, given)), given).toEqual({
        path: join(elsewhere, 'copy'),
        manifest,
      });
    }
  });

  it('is told when there is none', async () => {
    const directory = await scratchDirectory();
    await writeFile(join(directory, 'dump.sql'), 'x');
    for (const given of [
      directory,
      join(directory, 'dump.sql'),
      join(directory, 'none'),
      join(directory, 'dump.sql/x'),
    ]) {
      await expect(openBackup(given), given).rejects.toMatchObject({ kind: 'not-found' });
    }
  });
});
