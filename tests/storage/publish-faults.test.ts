import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { notStruck, throughFault } from '../faults/through-fault.ts';
import { runWithFault, strace } from '../faults/trace.ts';
import { cleanStaging } from '../../src/storage/staging.ts';
import { scanBackups } from '../../src/storage/catalogue.ts';
import { openBackup } from '../../src/storage/open-backup.ts';
import { verifyFiles } from '../../src/storage/verify-files.ts';
import { hold, instanceScope, makeBackup, scratchDirectory } from './scratch.ts';

const script = fileURLToPath(new URL('fixtures/make-backup.ts', import.meta.url));
const run = promisify(execFile);

/** The system calls that make a backup last and appear; more of each than one backup needs. */
const calls = { mkdir: 12, fchmod: 12, chmod: 14, fsync: 20, rename: 3 };

/** Makes a backup whose nth call of one kind fails, or is its last. Whether it succeeded, and what it said. */
async function makeWithFault(base: string, call: string, nth: number, fault: string) {
  const command = [process.execPath, script, base, '077'];
  const { code, stderr } = await runWithFault({ call, nth, fault }, command, {
    PATH: process.env['PATH'] ?? '',
  });
  return { succeeded: code === 0, said: stderr };
}

async function expectNothingHalf(base: string, earlier: string, succeeded: boolean): Promise<void> {
  const { backups, warnings } = await scanBackups({ basePath: base });
  expect(warnings).toEqual([]);
  expect(backups.every(({ complete }) => complete)).toBe(true);
  for (const { path } of backups) expect(await verifyFiles(await openBackup(path))).toEqual([]);
  expect(backups.map(({ id }) => id)).toContain(earlier);
  expect(backups.length).toBeGreaterThanOrEqual(succeeded ? 2 : 1);
}

/** After any fault: the next run takes the lock, clears what is left, and works. */
async function expectNextRunWorks(base: string): Promise<void> {
  const lock = await hold(base, instanceScope());
  expect(await cleanStaging({ basePath: base, lock })).toEqual([]);
  await lock.release();
  const { path } = await makeBackup(base, { at: new Date('2026-01-11T02:00:00Z') });
  expect(await verifyFiles(await openBackup(path))).toEqual([]);
  expect(await readdir(join(base, '.staging/prod'))).toEqual([]);
}

// Dozens of runs in each test.
describe('making a backup', { timeout: 600_000 }, () => {
  it.each(Object.entries(calls))(
    'leaves all or nothing when any %s fails, or is the last thing it does (F29, F31)',
    async (call, most) => {
      if (!strace) return expectNextRunWorks(await scratchDirectory());
      let faults = 0;
      for (const fault of ['error=EIO', 'signal=KILL']) {
        for (let nth = 1; nth <= most; nth += 1) {
          const base = await scratchDirectory();
          const { id } = await makeBackup(base, { at: new Date('2026-01-08T02:00:00Z') });
          const { succeeded } = await throughFault(
            `${fault} at ${call} ${nth} of making a backup`,
            base,
            () => makeWithFault(base, call, nth, fault),
            async (seen) => {
              await expectNothingHalf(base, id, seen.succeeded);
              await expectNextRunWorks(base);
              if (seen.succeeded) return notStruck;
              // A failed call is the storage's fault, for exit code 5.
              if (fault === 'error=EIO') expect(seen.said).toContain("kind: 'storage'");
              return undefined;
            },
          );
          if (succeeded) break;
          faults += 1;
        }
      }
      expect(faults).toBeGreaterThanOrEqual(2);
    },
  );

  it('has every file and every name on the disk before the next step (F31)', async () => {
    if (!strace) return expectNextRunWorks(await scratchDirectory());
    const base = await scratchDirectory();
    const log = join(await scratchDirectory(), 'log');
    await run(strace, [
      '-f',
      '-y',
      '-qq',
      '-o',
      log,
      '-e',
      'trace=fsync,rename',
      process.execPath,
      script,
      base,
      '077',
    ]);
    const steps = (await readFile(log, 'utf8')).split('\n');
    const renamed = steps.findIndex((step) => step.includes('rename('));
    const synced = (part: readonly string[]): string[] =>
      part
        .flatMap((step) => /fsync\(\d+<([^>]*)>/.exec(step)?.[1] ?? [])
        .map((path) => path.slice(base.length));
    const stage = /rename\("([^"]*)"/.exec(steps[renamed] ?? '')?.[1]?.slice(base.length) ?? '';
    const stem = 'shop_20260109T020000Z';
    const before = ['.sql', '.pgdir/toc.dat', '.pgdir'].map((suffix) => `${stage}/${stem}${suffix}`);
    const settled = synced(steps.slice(0, renamed));
    expect(settled.slice(0, before.length)).toEqual(before);
    // All before the rename, in any order: nobody looks for a backup in the stage.
    const written = [stage, `${stage}/SHA256SUMS`, `${stage}/manifest.json`];
    expect(settled.slice(before.length).toSorted()).toEqual(written.toSorted());
    // All before the backup is called one, in any order.
    const after = synced(steps.slice(renamed)).toSorted();
    expect(after).toEqual(['', '/.staging/prod', '/prod', '/prod/shop']);
  });
});
