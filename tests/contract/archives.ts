import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { restoreByHand } from './by-hand.ts';
import { backUp, type Contract, dropDatabase, ended, restore, sample } from './contract.ts';
import { type Fingerprint, fingerprint, without } from './fingerprint.ts';
import { filesIn } from './tree.ts';

const execute = promisify(execFile);

interface Manifest {
  kind: string;
  database: string;
  compression: { codec: string };
  files: { path: string; size: number }[];
  server: { version: { text: string } };
  inventory: { tables: unknown[] };
}

const codecs = [
  { compression: 'zstd', checksum: 'sha256', reader: 'zstd -dc' },
  { compression: 'gzip', checksum: 'md5', reader: 'gzip -dc' },
  { compression: 'none', checksum: 'sha256', reader: 'cat' },
];

export function archiveCases(contract: Contract): void {
  const postgresql = contract.kind.startsWith('postgresql');

  test.each(codecs)(
    'a $compression backup with $checksum is checked by coreutils, and restored with and without vya',
    async ({ compression, checksum, reader }) => {
      const path = await made(contract, compression, checksum);
      const manifest = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8')) as Manifest;
      expect(manifest.compression.codec).toBe(compression);
      await execute(`${checksum}sum`, ['-c', '--strict', `${checksum.toUpperCase()}SUMS`], { cwd: path });
      await expectPrivate(path);

      const ofVya = await restoredByVya(contract, path);
      expect(without(ofVya, /^status of event/)).toEqual(without(contract.original, /^status of event/));
      const ofHand = await restoreByHand(contract, path, reader);
      // A single archive of PostgreSQL does not say what the database itself was: its owner, its grants, its settings.
      const left = postgresql
        ? /^(owner of|acl of|comment on|setting of)? ?database/
        : /^nothing is left out$/;
      expect(without(ofHand.print, left)).toEqual(without(contract.original, left));
      expect(ofHand.next).toEqual(contract.next);
    },
  );

  test('the manifest tells what was backed up, and every file that the backup has', async () => {
    const { kind, backup } = contract;
    const manifest = JSON.parse(await readFile(join(backup.path, 'manifest.json'), 'utf8')) as Manifest;
    expect(manifest).toMatchObject({ kind: 'database', database: sample, instance: { id: 'main' } });
    expect(manifest.server.version.text).toContain(kind.replace(/^\w+-/, ''));
    expect(manifest.inventory.tables.length).toBeGreaterThan(10);
    const present = (await filesIn(backup.path)).map((path) => path.slice(backup.path.length + 1));
    const listed = [...manifest.files.map(({ path }) => path), 'manifest.json', 'SHA256SUMS'];
    expect(present.toSorted()).toEqual(listed.toSorted());
  });

  test('list and verify show the backup, newest first, whole', async () => {
    const { space } = contract;
    const listed = await space.vya(['list', '--database', sample, '--format', 'json']);
    expect(listed.code).toBe(0);
    const { backups } = listed.json<{ backups: { id: string; takenAt: string }[] }>();
    const times = backups.map(({ takenAt }) => takenAt);
    expect(times).toEqual(times.toSorted().toReversed());
    const verified = await space.vya(['verify', '--all', '--instance', 'main', '--format', 'json']);
    ended(verified, 0);
    expect(verified.json<{ backups: unknown[] }>().backups).toHaveLength(
      backups.filter(({ id }) => id.startsWith('main/')).length,
    );
  });
}

/** The first backup was made with the defaults. */
async function made(contract: Contract, compression: string, checksum: string): Promise<string> {
  if (compression === 'zstd') return contract.backup.path;
  await contract.space.configure({ storage: { compression, checksum_algorithm: checksum } });
  const { path } = await backUp(contract, 'main', ['--skip-prune']);
  await contract.space.configure({});
  return path;
}

async function restoredByVya(contract: Contract, path: string): Promise<Fingerprint> {
  const name = 'deli_by_vya';
  await restore(contract, ['--file', path, '--target-instance', 'main', '--target-database', name]);
  const print = await fingerprint(contract.server, name);
  await dropDatabase(contract.server, name);
  return print;
}

async function expectPrivate(directory: string): Promise<void> {
  const modes = await Promise.all(
    (await filesIn(directory)).map(async (path) => (await stat(path)).mode & 0o777),
  );
  expect(new Set(modes)).toEqual(new Set([0o600]));
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
}
