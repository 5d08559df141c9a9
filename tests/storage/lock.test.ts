import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { flockFile } from '../../src/storage/kernel-lock.ts';
import { acquireLock } from '../../src/storage/lock.ts';
import type { LockScope } from '../../src/storage/lock-scope.ts';
import { sqliteLock } from '../../src/storage/sqlite-lock.ts';
import { hold, instanceScope, lockRequest, makeBackup, scratchDirectory, shop } from './scratch.ts';

const script = fileURLToPath(new URL('fixtures/hold-lock.ts', import.meta.url));
const never = new AbortController().signal;
const locked = { kind: 'locked', hint: expect.stringContaining('--wait') };

/** Another process that holds a lock, with a child of its own that outlives it. */
async function otherRun(base: string, scope: LockScope, mode = 'exclusive'): Promise<ChildProcess> {
  const holder = spawn(process.execPath, [script, base, JSON.stringify(scope), mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(holder.stdout, 'data')) as [Buffer];
  const grandchild = Number(line.toString());
  onTestFinished(() => {
    holder.kill('SIGKILL');
    process.kill(grandchild, 'SIGKILL');
  });
  return holder;
}

describe('a lock', () => {
  it('excludes others on its instance alone, and says who holds it', async () => {
    const base = await scratchDirectory();
    const lock = await hold(base, instanceScope(), { command: 'vya backup --all' });
    await expect(hold(base, instanceScope())).rejects.toMatchObject({
      ...locked,
      message: `Another run of vya holds the instance prod (vya backup --all, process ${process.pid} on ${hostname()}, since 2026-01-09T02:00:00.250Z)`,
    });
    await hold(base, instanceScope('other'));
    await hold(base, { kind: 'database', place: shop });
    await expect(hold(base, { kind: 'database', place: shop })).rejects.toMatchObject(locked);
    await hold(base, { kind: 'database', place: { instance: 'prod', database: '@instance' } });
    await hold(base, { kind: 'database', place: { instance: 'prod', database: null } });
    await lock.release();
    await lock.release();
    await hold(base, instanceScope());
  });

  it('is seen by other processes, and is free again the moment its holder is killed (F32)', async () => {
    const base = await scratchDirectory();
    for (let round = 0; round < 3; round += 1) {
      const holder = await otherRun(base, instanceScope());
      await expect(hold(base, instanceScope())).rejects.toMatchObject({
        ...locked,
        message: expect.stringContaining(`vya backup, process ${holder.pid} on ${hostname()}`),
      });
      holder.kill('SIGKILL');
      await once(holder, 'close');
      // The holder's child is still there: it did not inherit the lock.
      await (await hold(base, instanceScope())).release();
    }
  });

  it('is not held by what a dead run noted', async () => {
    const base = await scratchDirectory();
    await mkdir(join(base, '.locks/prod'), { recursive: true });
    await writeFile(
      join(base, '.locks/prod/@instance'),
      '{"pid":1,"host":"h","command":"vya backup","since":"x"}',
    );
    const lock = await hold(base, instanceScope());
    expect(JSON.parse(await readFile(join(base, '.locks/prod/@instance'), 'utf8'))).toMatchObject({
      pid: process.pid,
    });
    await lock.release();
  });

  it('tells who holds it without control characters, and without a note too', async () => {
    const base = await scratchDirectory();
    await hold(base, instanceScope(), { command: 'vya \u001b[31mred' });
    await expect(hold(base, instanceScope())).rejects.toMatchObject({
      message: expect.stringContaining('(vya  [31mred, process'),
    });
    await writeFile(join(base, '.locks/prod/@instance'), 'nonsense');
    await expect(hold(base, instanceScope())).rejects.toMatchObject({
      message: expect.stringContaining(`holds the instance prod (process ${process.pid})`),
    });
  });

  it('is waited for as long as was asked', async () => {
    const base = await scratchDirectory();
    const lock = await hold(base, instanceScope());
    const waiting = hold(base, instanceScope(), { waitSeconds: 60 });
    await sleep(50);
    await lock.release();
    await (await waiting).release();
    await hold(base, instanceScope());
    await expect(hold(base, instanceScope(), { waitSeconds: 0.2 })).rejects.toMatchObject(locked);
  });

  it('is no longer waited for when the run is interrupted', async () => {
    const base = await scratchDirectory();
    const lock = await hold(base, instanceScope());
    const abort = new AbortController();
    const waiting = hold(base, instanceScope(), { waitSeconds: 600, signal: abort.signal });
    await sleep(50);
    const reason = new Error('interrupted');
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(hold(base, instanceScope(), { signal: abort.signal })).rejects.toBe(reason);
    await lock.release();
    await hold(base, instanceScope());
  });

  it('is taken again when its file was replaced while it was waited for', async () => {
    const base = await scratchDirectory();
    const path = join(base, '.locks/prod/@instance');
    const lock = await hold(base, instanceScope());
    const waiting = hold(base, instanceScope(), { waitSeconds: 60 });
    await sleep(50);
    await rename(path, `${path}.old`);
    await lock.release();
    await waiting;
    await expect(hold(base, instanceScope())).rejects.toMatchObject(locked);
  });

  it('is private, whatever its file’s mode was', async () => {
    const base = await scratchDirectory();
    await (await hold(base, instanceScope())).release();
    const path = join(base, '.locks/prod/@instance');
    await chmod(path, 0o666);
    await hold(base, instanceScope());
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid });
  });

  it('on something that is no file is refused, not waited for', async () => {
    const base = await scratchDirectory();
    await mkdir(join(base, '.locks/prod'), { recursive: true });
    await promisify(execFile)('mkfifo', [join(base, '.locks/prod/@instance')]);
    await expect(hold(base, instanceScope())).rejects.toMatchObject({ kind: 'storage' });
  });
});

describe('the lock of a backup', () => {
  it('is shared by readers, and keeps who would remove it away', async () => {
    const base = await scratchDirectory();
    const { id, path } = await makeBackup(base);
    const scope: LockScope = { kind: 'backup', id, path };
    const first = await hold(base, scope, { mode: 'shared' });
    const second = await hold(base, scope, { mode: 'shared' });
    await expect(hold(base, scope)).rejects.toMatchObject({
      ...locked,
      message: `Another run of vya holds the backup ${id} (process ${process.pid})`,
    });
    await first.release();
    await expect(hold(base, scope)).rejects.toMatchObject(locked);
    await second.release();
    await hold(base, scope);
    await expect(hold(base, scope, { mode: 'shared' })).rejects.toMatchObject(locked);
  });

  it('of another process is free again when that is killed', async () => {
    const base = await scratchDirectory();
    const { id, path } = await makeBackup(base);
    const holder = await otherRun(base, { kind: 'backup', id, path }, 'shared');
    await expect(hold(base, { kind: 'backup', id, path })).rejects.toMatchObject({
      message: expect.stringContaining(`(process ${holder.pid})`),
    });
    holder.kill('SIGKILL');
    await once(holder, 'close');
    await hold(base, { kind: 'backup', id, path });
  });

  it('cannot be taken when the backup is gone, or goes while it is waited for', async () => {
    const base = await scratchDirectory();
    const { id, path } = await makeBackup(base);
    const scope: LockScope = { kind: 'backup', id, path };
    const removing = await hold(base, scope);
    const waiting = hold(base, scope, { mode: 'shared', waitSeconds: 60 });
    await sleep(50);
    await rm(path, { recursive: true });
    await removing.release();
    await expect(waiting).rejects.toMatchObject({ kind: 'not-found' });
    await expect(hold(base, scope)).rejects.toMatchObject({ kind: 'not-found' });
  });
});

describe('the means of locking', () => {
  it('are told apart: a held lock, and a file that cannot be locked', async () => {
    const request = { mode: 'exclusive' as const, waitSeconds: 0, signal: never };
    const closed = 0;
    const directory = await scratchDirectory();
    const broken = join(directory, 'flock');
    await writeFile(broken, '#!/bin/sh\necho "flock: 3: No locks available" >&2\nexit 1\n', { mode: 0o755 });
    await expect(flockFile(broken, { ...request, fd: closed })).rejects.toMatchObject({
      kind: 'storage',
      message: expect.stringContaining('No locks available'),
    });
  });

  it('are found in the usual places even when PATH is empty: every run takes the same kind of lock', async () => {
    const base = await scratchDirectory();
    await acquireLock(lockRequest(base, instanceScope(), { env: {} })).then((lock) =>
      onTestFinished(() => lock.release()),
    );
    await expect(hold(base, instanceScope())).rejects.toMatchObject(locked);
  });

  it('are SQLite’s where there is no flock: exclusive, shared, waited for, and free after kill -9', async () => {
    const path = join(await scratchDirectory(), 'lock.sqlite');
    const lock = (mode: 'exclusive' | 'shared', waitSeconds = 0, signal = never) =>
      sqliteLock({ path, mode, waitSeconds, signal });
    const readers = [await lock('shared'), await lock('shared')];
    expect(readers).toEqual([expect.any(Function), expect.any(Function)]);
    expect(await lock('exclusive')).toBeUndefined();
    for (const free of readers) free?.();
    const writer = await lock('exclusive');
    expect(writer).toBeTypeOf('function');
    expect(await lock('shared')).toBeUndefined();
    const waiting = lock('exclusive', 60);
    await sleep(150);
    writer?.();
    (await waiting)?.();

    const code = `const { DatabaseSync } = require('node:sqlite');
      const db = new DatabaseSync(process.argv[1]); db.exec('BEGIN EXCLUSIVE'); console.log('held'); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['-e', code, path], { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => void holder.kill('SIGKILL'));
    await once(holder.stdout, 'data');
    expect(await lock('exclusive')).toBeUndefined();
    await expect(lock('exclusive', 600, AbortSignal.timeout(200))).rejects.toThrow(/timeout/i);
    holder.kill('SIGKILL');
    await once(holder, 'close');
    const last = await lock('exclusive');
    expect(last).toBeTypeOf('function');
    last?.();
  });
});
