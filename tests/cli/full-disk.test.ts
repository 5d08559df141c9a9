import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scanBackups } from '../../src/storage/catalogue.ts';
import { notStruck, throughFault } from '../faults/through-fault.ts';
import type { ServerKind } from '../servers/kinds.ts';
import { sharedServer, serverIsMissing } from '../servers/servers.ts';
import { cannotMount, type SmallDisk } from '../faults/mounted-disk.ts';
import { smallDisk } from '../storage/small-disk.ts';
import { age } from './aged-backup.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { type VyaResult, workspace, type Workspace } from './vya.ts';

const kinds: ServerKind[] = ['mariadb-10.11', 'mysql-9.7', 'postgresql-15', 'postgresql-18'];
const database = 'full_disk';
const megabyte = 1024 * 1024;

/** So many bytes that no compressor makes smaller, in rows of 32 KB. */
function noise(kind: ServerKind, bytes: number): string {
  const rows = Math.ceil(bytes / 32_768);
  if (kind.startsWith('postgresql')) {
    const digest = "decode(string_agg(md5(random()::text), ''), 'hex')";
    return `INSERT INTO noise SELECT 1000 + n, (SELECT ${digest} FROM generate_series(1, 2048) WHERE n = n)
      FROM generate_series(1, ${rows}) n`;
  }
  const digest = `REPEAT(RANDOM_BYTES(1024), 1)`;
  const row = (n: number): string => `(${1000 + n}, CONCAT(${Array(32).fill(digest).join(', ')}))`;
  return `INSERT INTO noise VALUES ${Array.from({ length: rows }, (_, n) => row(n)).join(', ')}`;
}

if (cannotMount !== undefined) {
  process.stderr.write(`\nNOT TESTED HERE: a full disk under vya; none can be mounted (${cannotMount})\n\n`);
}

for (const kind of kinds) {
  describe.skipIf(cannotMount !== undefined || (await serverIsMissing(kind)))(
    `vya over ${kind}`,
    { timeout: 600_000 },
    () => {
      let space: Workspace;
      let inside: TestDatabase;

      beforeAll(async () => {
        const server = await sharedServer(kind);
        const type = server.type === 'mysql' ? 'longblob' : 'bytea';
        const sql = `CREATE TABLE noise (id int PRIMARY KEY, filler ${type}); INSERT INTO noise VALUES (1, 'x')`;
        inside = await createTestDatabase(server, database, sql);
        space = await workspace({ instances: [{ id: 'main', server, settings: { databases: [database] } }] });
      });
      afterAll(async () => {
        await space.remove();
        await inside.drop();
      });

      const on = (
        disk: SmallDisk,
        args: readonly string[],
        env: Record<string, string> = {},
      ): Promise<VyaResult> =>
        space.vya(args, { env: { VYA_STORAGE__BASE_PATH: disk.path, ...env }, measured: false });

      /** Nothing half is listed, nothing is left in the making, and what is listed is whole. */
      async function expectOnlyWhole(disk: SmallDisk, count: number): Promise<void> {
        const listed = await on(disk, ['list', '--format', 'json']);
        expect(listed.code, listed.stderr).toBe(0);
        expect(listed.json<{ backups: unknown[] }>().backups).toHaveLength(count);
        const { backups, warnings } = await scanBackups({ basePath: disk.path });
        expect([backups.filter(({ complete }) => !complete), warnings]).toEqual([[], []]);
        expect(await readdir(join(disk.path, '.staging/main'))).toEqual([]);
      }

      test.each([
        ['zstd', [64 * 1024, megabyte - 128 * 1024]],
        // There the dump program itself writes the file.
        ['none', [256 * 1024]],
      ] as const)(
        'a disk that fills while a backup with compression %s is made ends it with 5, and the next run works (F29)',
        async (compression, rooms) => {
          const disk = await smallDisk(8 * megabyte);
          const env = { VYA_STORAGE__COMPRESSION: compression };
          await inside.script('DELETE FROM noise WHERE id > 1');
          expect(await on(disk, ['backup'], env)).toMatchObject({ code: 0 });
          // More than the last backup lets expect, so that the dump is begun.
          await inside.script(noise(kind, megabyte));
          for (const room of rooms) {
            const check = async ({ code, stdout, stderr }: VyaResult): Promise<void> => {
              expect(code, stdout + stderr).toBe(5);
              expect(stdout + stderr).toMatch(/space|full/);
              await expectOnlyWhole(disk, 1);
            };
            const what = `disk full at byte ${room} of a backup with ${compression}, ${kind}`;
            await disk.fill(room);
            await throughFault(what, disk.path, () => on(disk, ['backup'], env), check);
          }
          await disk.empty();
          expect(await on(disk, ['backup'], env)).toMatchObject({ code: 0 });
          await expectOnlyWhole(disk, 2);
          expect(await on(disk, ['verify', '--all'])).toMatchObject({ code: 0 });
        },
      );

      test('a disk that fills at any page near the end of a backup leaves all or nothing (F29)', async () => {
        const disk = await smallDisk(8 * megabyte);
        await inside.script('DELETE FROM noise WHERE id > 1');
        expect(await on(disk, ['backup'])).toMatchObject({ code: 0 });
        let count = 1;
        // Dump, sums and manifest take a page each, at least; a failed run leaves the room as it was.
        for (let room = 4096; room <= 12 * 4096; room += 4096) {
          const check = async ({ code, stdout, stderr }: VyaResult): Promise<unknown> => {
            expect([0, 5], stdout + stderr).toContain(code);
            if (code === 0) count += 1;
            await expectOnlyWhole(disk, count);
            return code === 0 ? notStruck : undefined;
          };
          await disk.fill(room);
          const what = `disk full at byte ${room} of a small backup, ${kind}`;
          const { code } = await throughFault(what, disk.path, () => on(disk, ['backup']), check);
          if (code === 0) break;
        }
        expect(count).toBe(2);
        await disk.empty();
        expect(await on(disk, ['verify', '--all'])).toMatchObject({ code: 0 });
      });

      test('on a full disk list, verify, restore and prune work, and after the prune a backup does (F29)', async () => {
        const disk = await smallDisk(8 * megabyte);
        await inside.script('DELETE FROM noise WHERE id > 1');
        await inside.script(noise(kind, megabyte));
        expect(await on(disk, ['backup', '--skip-prune'])).toMatchObject({ code: 0 });
        for (const day of ['05', '06', '07']) await age(disk.path, 'main', database, `202501${day}T020000Z`);
        await disk.fill();
        const { backups } = await scanBackups({ basePath: disk.path });
        expect(backups).toHaveLength(4);
        expect(await on(disk, ['list'])).toMatchObject({ code: 0 });
        expect(await on(disk, ['verify', '--all'])).toMatchObject({ code: 0 });
        const copy = ['--database', database, '--latest', '--target-database', `${database}_copy`, '--force'];
        expect(await on(disk, ['restore', '--instance', 'main', ...copy])).toMatchObject({ code: 0 });
        expect(await on(disk, ['backup'])).toMatchObject({ code: 5 });
        const policy = { VYA_RETENTION__DAILY: '1', VYA_RETENTION__WEEKLY: '0', VYA_RETENTION__MONTHLY: '0' };
        const keep = { VYA_RETENTION__KEEP_LAST: '2', VYA_RETENTION__KEEP_WITHIN: '0' };
        const pruned = await on(disk, ['prune'], { ...policy, ...keep });
        expect(pruned.code, pruned.stdout + pruned.stderr).toBe(0);
        expect(await on(disk, ['backup', '--skip-prune'])).toMatchObject({ code: 0 });
        await expectOnlyWhole(disk, 3);
      });

      test('from a read-only storage list, verify and restore work; what would write ends with 5 (F29)', async () => {
        const disk = await smallDisk(8 * megabyte);
        await inside.script('DELETE FROM noise WHERE id > 1');
        expect(await on(disk, ['backup'])).toMatchObject({ code: 0 });
        await age(disk.path, 'main', database, '20250105T020000Z');
        disk.freeze();
        expect(await on(disk, ['list'])).toMatchObject({ code: 0 });
        expect(await on(disk, ['verify', '--all'])).toMatchObject({ code: 0 });
        const copy = ['--database', database, '--latest', '--target-database', `${database}_copy`, '--force'];
        expect(await on(disk, ['restore', '--instance', 'main', ...copy])).toMatchObject({ code: 0 });
        for (const args of [['backup'], ['prune'], ['pin', '20250105T020000Z']]) {
          const check = ({ code, stdout, stderr }: VyaResult): void => {
            expect(code, stdout + stderr).toBe(5);
            expect(stdout + stderr).toContain('read-only');
          };
          await throughFault(
            `${args[0]} on a read-only storage, ${kind}`,
            disk.path,
            () => on(disk, args),
            check,
          );
        }
      });

      test('a full temporary directory fails a backup with a hint, and loses nothing', async () => {
        const disk = await smallDisk(8 * megabyte);
        const temporary = await smallDisk(65_536);
        expect(await on(disk, ['backup'])).toMatchObject({ code: 0 });
        await temporary.fill();
        const env = { TMPDIR: temporary.path };
        const check = async ({ code, stdout, stderr }: VyaResult): Promise<void> => {
          expect(code, stdout + stderr).toBe(2);
          expect(stdout + stderr).toContain('TMPDIR');
          await expectOnlyWhole(disk, 1);
        };
        await throughFault(`a full TMPDIR, ${kind}`, disk.path, () => on(disk, ['backup'], env), check);
      });
    },
  );
}
