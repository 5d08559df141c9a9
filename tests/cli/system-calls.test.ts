import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scanBackups } from '../../src/storage/catalogue.ts';
import { openBackup } from '../../src/storage/open-backup.ts';
import { verifyFiles } from '../../src/storage/verify-files.ts';
import { notStruck, throughFault } from '../faults/through-fault.ts';
import { runWithFault, strace, type Traced } from '../faults/trace.ts';
import { sharedServer, serverIsMissing } from '../servers/servers.ts';
import { age } from './aged-backup.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { workspace, type Workspace } from './vya.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const database = 'system_calls';
const kind = 'mariadb-10.11';
const isMissing = strace === undefined || (await serverIsMissing(kind));

/** The whole command line, one of whose system calls on the storage fails or is its last. */
// Dozens of runs in each test.
describe.skipIf(isMissing)('vya, of which a system call', { timeout: 900_000 }, () => {
  let space: Workspace;
  let inside: TestDatabase;

  beforeAll(async () => {
    const server = await sharedServer(kind);
    inside = await createTestDatabase(server, database, 'CREATE TABLE kept (id int PRIMARY KEY)');
    space = await workspace({
      instances: [{ id: 'main', server, settings: { databases: [database] } }],
      retention: { daily: 1, weekly: 0, monthly: 0, keep_last: 1, keep_within: '24h', timezone: 'UTC' },
    });
    expect((await space.vya(['backup'])).code).toBe(0);
  });
  afterAll(async () => {
    await space.remove();
    await inside.drop();
  });

  const withFault = (call: string, nth: number, fault: string, args: readonly string[]): Promise<Traced> =>
    runWithFault(
      { call, nth, fault },
      [process.execPath, main, '--config', space.configPath, ...args],
      space.env,
    );

  /** What is listed is whole, and nothing half is. */
  async function expectOnlyWhole(): Promise<string[]> {
    const { backups, warnings } = await scanBackups({ basePath: space.storagePath });
    expect(warnings).toEqual([]);
    expect(backups.every(({ complete }) => complete)).toBe(true);
    for (const { path } of backups) expect(await verifyFiles(await openBackup(path))).toEqual([]);
    return backups.map(({ id }) => id);
  }

  async function expectNextRunWorks(): Promise<void> {
    const { code, stdout, stderr } = await space.vya(['backup', '--skip-prune'], { measured: false });
    expect(code, stdout + stderr).toBe(0);
    await expectOnlyWhole();
  }

  test.each([
    ['fsync', 'error=EIO'],
    ['fsync', 'signal=KILL'],
    ['rename', 'error=EIO'],
    ['rename', 'signal=KILL'],
    ['mkdir', 'error=ENOSPC'],
    ['mkdir', 'signal=KILL'],
  ])(
    '%s meets %s in a backup leaves the earlier ones as they were, and the next run works (F29, F31)',
    async (call, fault) => {
      let faults = 0;
      for (let nth = 1, struck = true; struck; nth += 1) {
        const check = async ({ code, stdout, stderr, ...traced }: Traced): Promise<unknown> => {
          await expectOnlyWhole();
          struck = traced.struck;
          if (fault.startsWith('error')) {
            // A private directory of a client's password is not the storage's.
            const expected = `${stdout}${stderr}`.includes('TMPDIR') ? [2, 0] : [5, 0];
            expect(expected, `${call} ${nth}\n${stdout}${stderr}`).toContain(code);
          }
          // After a failed call the next round is the next run.
          if (fault === 'signal=KILL') await expectNextRunWorks();
          expect(await readdir(join(space.storagePath, '.staging/main'))).toEqual([]);
          return struck ? undefined : notStruck;
        };
        const backup = (): Promise<Traced> => withFault(call, nth, fault, ['backup', '--skip-prune']);
        await throughFault(`${fault} at ${call} ${nth} of vya backup`, space.storagePath, backup, check);
        if (struck) faults += 1;
      }
      expect(faults).toBeGreaterThanOrEqual(call === 'rename' ? 1 : 3);
      await expectNextRunWorks();
    },
  );

  test.each([
    ['rename', 'signal=KILL'],
    ['rename', 'error=EIO'],
    ['fsync', 'signal=KILL'],
    ['unlink', 'signal=KILL'],
    ['unlink', 'error=EIO'],
    ['rmdir', 'signal=KILL'],
  ])(
    '%s meets %s in a prune leaves what is to stay, nothing half, and the next prune ends it (F33)',
    async (call, fault) => {
      let faults = 0;
      for (let nth = 1, struck = true; struck; nth += 1) {
        const old = await age(space.storagePath, 'main', database, '20250105T020000Z');
        const check = async ({ code, ...traced }: Traced): Promise<unknown> => {
          await expectOnlyWhole();
          struck = traced.struck;
          expect(code).not.toBe(10);
          const next = await space.vya(['prune'], { measured: false });
          expect(next.code, next.stdout + next.stderr).toBe(0);
          expect(await readdir(join(space.storagePath, 'main', database))).not.toContain('20250105T020000Z');
          return struck ? undefined : notStruck;
        };
        const prune = (): Promise<Traced> => withFault(call, nth, fault, ['prune']);
        const what = `${fault} at ${call} ${nth} of vya prune`;
        await throughFault(what, space.storagePath, prune, check, (id) => id === old);
        if (struck) faults += 1;
      }
      expect(faults).toBeGreaterThanOrEqual(1);
    },
  );
});
