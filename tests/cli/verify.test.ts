import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { serverIsMissing, sharedServer } from '../servers/servers.ts';
import { createTestDatabase } from './test-database.ts';
import { workspace } from './vya.ts';

interface Manifest {
  files: { path: string; size: number; checksum: string }[];
}

const database = 'cut_short';

describe.skipIf(await serverIsMissing('postgresql-18'))('a directory archive', () => {
  test.each(['zstd', 'gzip', 'none'])(
    'whose data file is cut short is found even where every checksum fits (%s, F4)',
    async (compression) => {
      const server = await sharedServer('postgresql-18');
      const sql = 'CREATE TABLE numbers AS SELECT n FROM generate_series(1, 20000) AS n';
      const inside = await createTestDatabase(server, database, sql);
      const space = await workspace({
        instances: [{ id: 'main', server, settings: { databases: [database] } }],
        storage: { compression },
      });
      expect((await space.vya(['backup'])).code).toBe(0);
      expect((await space.vya(['verify'])).code).toBe(0);

      const [timestamp = ''] = await readdir(join(space.storagePath, 'main', database));
      await cutLargestFile(join(space.storagePath, 'main', database, timestamp));
      const verified = await space.vya(['verify']);
      expect(verified.code, verified.stdout + verified.stderr).toBe(8);
      const restored = await space.vya([
        ...[
          'restore',
          '--instance',
          'main',
          '--database',
          database,
          '--latest',
          '--target-database',
          'cut_copy',
        ],
      ]);
      expect(restored.code, restored.stdout + restored.stderr).toBe(8);
      expect(await inside.query("SELECT 1 FROM pg_database WHERE datname = 'cut_copy'")).toEqual([]);

      await space.remove();
      await inside.drop();
    },
  );
});

/** Halves the largest file of a backup and writes the halves' size and checksum into the manifest. */
async function cutLargestFile(directory: string): Promise<void> {
  const manifestFile = join(directory, 'manifest.json');
  const manifest = JSON.parse(await readFile(manifestFile, 'utf8')) as Manifest;
  const largest = manifest.files.reduce((a, b) => (a.size > b.size ? a : b));
  expect(largest.path).toMatch(/\.dat/);
  const path = join(directory, largest.path);
  const bytes = await readFile(path);
  const half = bytes.subarray(0, bytes.length >> 1);
  await writeFile(path, half);
  largest.size = half.length;
  largest.checksum = createHash('sha256').update(half).digest('hex');
  await writeFile(manifestFile, JSON.stringify(manifest));
}
