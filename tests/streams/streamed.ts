import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { InstanceTarget } from '../../src/model/instance.ts';
import { backup } from '../../src/operations/backup.ts';
import type { BackupJob, DatabaseResult } from '../../src/operations/backup/backup-report.ts';
import type { OperationContext } from '../../src/operations/context.ts';
import { restore } from '../../src/operations/restore.ts';
import { openBackup } from '../../src/storage/open-backup.ts';
import { targetOf } from '../db/target.ts';
import type { TestServer } from '../servers/server.ts';
import { pathWith } from '../servers/servers.ts';

/** Runs backups and restores of one server as the command line does, but for how large a database has to be for several streams. */
export interface Streaming {
  /** Its own folder, and the storage in it. */
  folder: string;
  context: OperationContext;
  /** What was logged so far. */
  lines: string[];
  backUp(job?: Partial<BackupJob>, target?: Partial<InstanceTarget>): Promise<DatabaseResult>;
  restore(backup: string, database: string): Promise<void>;
  remove(): Promise<void>;
}

export async function streaming(server: TestServer, database: string): Promise<Streaming> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vya-test-'));
  const lines: string[] = [];
  const write = (_: Record<string, unknown>, message: string) => void lines.push(message);
  const log = { debug: () => {}, info: write, warning: write, error: write, critical: write };
  const context: OperationContext = {
    signal: new AbortController().signal,
    log: { ...log, conceal: () => {} },
    env: { PATH: await pathWith(server) },
    now: () => new Date(),
    progress: { begin: () => ({ update: () => {}, done: () => {} }), note: (text) => void lines.push(text) },
    audit: async () => {},
  };
  const storage = { basePath: path.join(folder, 'storage'), checksumAlgorithm: 'sha256' } as const;
  return {
    folder,
    context,
    lines,
    async backUp(job = {}, target = {}) {
      const open = async () => targetOf(server, { lockWaitSeconds: 60, ...target });
      const instance = { id: 'shop', type: server.type, include: [], exclude: [], accounts: false, open };
      const { instances } = await backup(
        {
          run: 'test',
          instances: [instance],
          databases: [database],
          storage: { ...storage, compression: { codec: 'zstd', level: 1 } },
          retention: undefined,
          jobs: 3,
          parallelBytes: 1,
          dryRun: false,
          exact: false,
          accounts: false,
          rehearse: false,
          waitSeconds: 0,
          vya: 'test',
          ...job,
        },
        context,
      );
      const [result] = instances[0]?.databases ?? [];
      if (!result) throw instances[0]?.error ?? new Error('nothing was backed up');
      return result;
    },
    async restore(of, name) {
      await restore(
        {
          backup: await openBackup(of),
          storage,
          open: async () => targetOf(server),
          database: name,
          noOwner: false,
          noAcl: false,
          keepOld: false,
          inPlace: false,
          jobs: 2,
          dryRun: false,
          waitSeconds: 0,
          confirmReplace: async () => true,
        },
        context,
      );
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The backup that a result tells of; fails with the result's error where there is none. */
export function made({ path: directory, error }: DatabaseResult): string {
  if (directory === undefined) throw error ?? new Error('no backup');
  return directory;
}

/** The names of a backup's parts in their order, without what comes before and after: `1-tables`. */
export async function partsOf(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  return names.flatMap((name) => /\.(\d-[a-z0-9-]+)\.sql/.exec(name)?.[1] ?? []).toSorted();
}
