import { appendFile, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { stageBackup } from '../../src/storage/artifact.ts';
import type { BackupEntry } from '../../src/storage/backup-entry.ts';
import { scanBackups } from '../../src/storage/catalogue.ts';
import type { Place } from '../../src/storage/layout.ts';
import { acquireLock, type Lock, type LockRequest } from '../../src/storage/lock.ts';
import type { LockScope } from '../../src/storage/lock-scope.ts';
import type { ManifestDraft } from '../../src/storage/manifest.ts';
import type { Published } from '../../src/storage/publish.ts';
import { draftOf } from './draft.ts';

export { draftOf };

export const shop: Place = { instance: 'prod', database: 'shop' };
export const startedAt = new Date('2026-01-09T02:00:00.250Z');

/** A directory of the test's own, which is gone afterwards. */
export async function scratchDirectory(): Promise<string> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'vya-test-')));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

export function lockRequest(
  basePath: string,
  scope: LockScope,
  more: Partial<LockRequest> = {},
): LockRequest {
  return {
    basePath,
    scope,
    mode: 'exclusive',
    waitSeconds: 0,
    command: 'vya test',
    now: startedAt,
    env: process.env,
    signal: new AbortController().signal,
    ...more,
  };
}

/** Takes a lock for the length of the test, unless it is released earlier. */
export async function hold(
  basePath: string,
  scope: LockScope,
  more: Partial<LockRequest> = {},
): Promise<Lock> {
  const lock = await acquireLock(lockRequest(basePath, scope, more));
  onTestFinished(() => lock.release());
  return lock;
}

export const instanceScope = (instance = 'prod'): LockScope => ({ kind: 'instance', instance });

export interface MakeOptions {
  place?: Place;
  at?: Date;
  content?: string;
  draft?: Partial<ManifestDraft>;
}

/** Makes a backup of one file, the way a run does. */
export async function makeBackup(basePath: string, options: MakeOptions = {}): Promise<Published> {
  const { place = shop, at = startedAt, content = 'CREATE TABLE t (a int);\n', draft = {} } = options;
  const lock = await acquireLock(lockRequest(basePath, instanceScope(place.instance)));
  try {
    const staged = await stageBackup({ basePath, lock, place, startedAt: at, checksumAlgorithm: 'sha256' });
    const file = await staged.createFile('.sql');
    await appendFile(file.path, content);
    await file.finish();
    const instance = { id: place.instance, type: 'mysql' as const };
    return await staged.publish(
      draftOf([{ path: file.name, format: 'sql', holds: ['everything'] }], { instance, ...draft }),
    );
  } finally {
    await lock.release();
  }
}

/** The one backup of the tree that has this id. */
export async function entryOf(basePath: string, id: string): Promise<BackupEntry> {
  const { backups } = await scanBackups({ basePath });
  const found = backups.find((entry) => entry.id === id);
  if (!found) throw new Error(`no ${id} among ${backups.map((entry) => entry.id).join(', ')}`);
  return found;
}

/** Writes a mark beside a backup's manifest. */
export async function mark(path: string, name: 'pin.json' | 'proof.json', content: unknown): Promise<void> {
  await writeFile(join(path, name), typeof content === 'string' ? content : JSON.stringify(content));
}
