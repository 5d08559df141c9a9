import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { throughFault } from '../faults/through-fault.ts';
import { sharedServer, serverIsMissing } from '../servers/servers.ts';
import { mark } from '../storage/scratch.ts';
import { age } from './aged-backup.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { type VyaResult, workspace, type Workspace } from './vya.ts';

const database = 'retained';
const kind = 'postgresql-15';
const off = {
  hourly: 0,
  daily: 0,
  weekly: 0,
  monthly: 0,
  yearly: 0,
  keep_last: 0,
  keep_within: 0,
  timezone: 'UTC',
};

describe.skipIf(await serverIsMissing(kind))('retention from the command line', () => {
  let space: Workspace;
  let inside: TestDatabase;
  let newest: string;

  beforeAll(async () => {
    const server = await sharedServer(kind);
    inside = await createTestDatabase(server, database, 'CREATE TABLE kept (id int PRIMARY KEY)');
    space = await workspace({ instances: [{ id: 'main', server, settings: { databases: [database] } }] });
  });
  afterAll(async () => {
    await space.remove();
    await inside.drop();
  });
  beforeEach(async () => {
    await rm(space.storagePath, { recursive: true, force: true });
    await space.configure({ retention: { ...off, keep_last: 1 } });
    expect((await space.vya(['backup'], { measured: false })).code).toBe(0);
    newest = (await left())[0] as string;
  });

  /** Prunes with a policy, while `mayGo` and nothing else may go; the timestamps that are left, newest first. */
  async function pruned(what: string, policy: Record<string, unknown>, mayGo: string[]): Promise<string[]> {
    await space.configure({ retention: { ...off, ...policy } });
    const check = ({ code, stdout, stderr }: VyaResult): void => expect(code, stdout + stderr).toBe(0);
    const goes = (id: string): boolean => mayGo.some((timestamp) => id.endsWith(timestamp));
    const prune = (): Promise<VyaResult> => space.vya(['prune', '--format', 'json'], { measured: false });
    await throughFault(what, space.storagePath, prune, check, goes);
    return await left();
  }

  async function left(): Promise<string[]> {
    const listed = await space.vya(['list', '--limit', '1000', '--format', 'json'], { measured: false });
    return listed
      .json<{ backups: { id: string }[] }>()
      .backups.map(({ id }) => id.split('/').at(-1) as string);
  }

  const make = async (...timestamps: string[]): Promise<void> => {
    for (const timestamp of timestamps) await age(space.storagePath, 'main', database, timestamp);
  };
  const placeOf = (timestamp: string): string => join(space.storagePath, 'main', database, timestamp);

  test('counts weeks by ISO: the 53rd of 2020 ends on 3 January 2021 (F33)', async () => {
    await make('20201227T120000Z', '20201228T120000Z', '20210103T120000Z', '20210104T120000Z');
    expect(await pruned('an ISO week 53', { weekly: 4 }, ['20201228T120000Z'])).toEqual([
      newest,
      '20210104T120000Z',
      '20210103T120000Z',
      '20201227T120000Z',
    ]);
  });

  test('gives leap days and both ends of summer time the day of the configured zone (F33)', async () => {
    // 23:30 and 00:30 in Berlin; the 29th of February ends at 23:00 UTC.
    await make(
      '20240229T223000Z',
      '20240229T233000Z',
      '20240330T230000Z',
      '20240331T213000Z',
      '20241027T003000Z',
      '20241027T013000Z',
    );
    const gone = ['20240330T230000Z', '20241027T003000Z'];
    expect(await pruned('summer time in Berlin', { daily: 9, timezone: 'Europe/Berlin' }, gone)).toEqual([
      newest,
      '20241027T013000Z',
      '20240331T213000Z',
      '20240229T233000Z',
      '20240229T223000Z',
    ]);
  });

  test('a backup of a clock that was wrong evicts none, and is not deleted (F33)', async () => {
    await make('20240101T020000Z', '20240102T020000Z', '20990101T020000Z', '20990102T020000Z');
    expect(await pruned('a clock in 2099', { keep_last: 2 }, ['20240101T020000Z'])).toEqual([
      '20990102T020000Z',
      '20990101T020000Z',
      newest,
      '20240102T020000Z',
    ]);
  });

  test('broken and foreign backups are neither counted nor deleted (F33)', async () => {
    await make('20240101T020000Z', '20240102T020000Z', '20240103T020000Z');
    await truncate(join(placeOf('20240103T020000Z'), 'manifest.json'), 100);
    await mkdir(placeOf('20240104T020000Z'));
    await writeFile(join(placeOf('20240104T020000Z'), 'thesis.txt'), 'mine');
    await writeFile(join(placeOf('20240101T020000Z'), 'thesis.txt'), 'mine');
    const ids = await pruned('a broken manifest', { keep_last: 2 }, ['20240101T020000Z']);
    expect(ids.filter((id) => id !== '20240103T020000Z')).toEqual([newest, '20240102T020000Z']);
    for (const timestamp of ['20240104T020000Z', '20240101T020000Z']) {
      expect(await readFile(join(placeOf(timestamp), 'thesis.txt'), 'utf8')).toBe('mine');
    }
    expect((await readFile(join(placeOf('20240103T020000Z'), 'manifest.json'))).length).toBe(100);
  });

  test('a backup whose files were cut or deleted since does not count: the whole ones before it stay (F33)', async () => {
    await make('20240101T020000Z', '20240102T020000Z', '20240103T020000Z', '20240104T020000Z');
    const archive = async (timestamp: string): Promise<string> => {
      const files = await readdir(placeOf(timestamp));
      return join(placeOf(timestamp), files.find((name) => name.includes('.pgdump')) as string);
    };
    await truncate(await archive('20240104T020000Z'), 10);
    await rm(await archive('20240103T020000Z'));
    await rm(placeOf(newest), { recursive: true });
    expect(await pruned('the newest two are damaged', { keep_last: 1 }, ['20240101T020000Z'])).toEqual([
      '20240104T020000Z',
      '20240103T020000Z',
      '20240102T020000Z',
    ]);
    const { stdout, stderr } = await space.vya(['prune', '--dry-run'], { measured: false });
    expect(stdout + stderr).toMatch(/20240104T020000Z is damaged: .* has 10 bytes instead of/);
    expect(stdout + stderr).toMatch(/20240103T020000Z is damaged: it lacks/);
  });

  test('a database that is gone from the server keeps its last backups (F33)', async () => {
    await make('20240101T020000Z', '20240102T020000Z', '20240103T020000Z');
    await rm(placeOf(newest), { recursive: true });
    const gone = ['20240101T020000Z'];
    expect(await pruned('a database that is gone', { daily: 2 }, gone)).toEqual([
      '20240103T020000Z',
      '20240102T020000Z',
    ]);
    // A policy that looks at age alone leaves the last one all the same.
    expect(await pruned('the last backup', { keep_within: '24h' }, ['20240102T020000Z'])).toEqual([
      '20240103T020000Z',
    ]);
  });

  test('a second run on a day leaves the one before within keep_within, which a backup obeys, too (F33)', async () => {
    await space.configure({ retention: { ...off, daily: 1, keep_within: '24h' } });
    const again = (): Promise<VyaResult> => space.vya(['backup'], { measured: false });
    const check = ({ code, stdout, stderr }: VyaResult): void => expect(code, stdout + stderr).toBe(0);
    await throughFault('a second run on one day', space.storagePath, again, check);
    expect(await left()).toHaveLength(2);
    expect(await left()).toContain(newest);
  });

  test('a run of failures deletes nothing, however long it lasts (F33)', async () => {
    await make('20240101T020000Z', '20240102T020000Z', '20240103T020000Z');
    const before = await left();
    const env = { VYA_INSTANCES__0__PORT: '1', VYA_RETENTION__KEEP_LAST: '1' };
    for (let run = 1; run <= 3; run += 1) {
      const backup = (): Promise<VyaResult> => space.vya(['backup'], { env, measured: false });
      const check = ({ code }: VyaResult): void => expect(code).toBe(6);
      await throughFault(`failure ${run} of a run of failures`, space.storagePath, backup, check);
    }
    expect(await left()).toEqual(before);
  });

  test('the newest that was proven stays, and a pin stays even where it cannot be read (F33)', async () => {
    await make('20240101T020000Z', '20240102T020000Z', '20240103T020000Z', '20240104T020000Z');
    const proof = {
      format: 'vya-proof',
      version: 1,
      provenAt: '2024-01-02T03:00:00.000Z',
      passed: true,
      exact: false,
      exceptions: [],
      target: 'main',
      vya: '0.1.0',
    };
    await mark(placeOf('20240102T020000Z'), 'proof.json', proof);
    await mark(placeOf('20240103T020000Z'), 'proof.json', { ...proof, passed: false });
    await mark(placeOf('20240101T020000Z'), 'pin.json', 'not JSON');
    const gone = ['20240103T020000Z', '20240104T020000Z'];
    expect(await pruned('a pin that cannot be read', { keep_last: 1 }, gone)).toEqual([
      newest,
      '20240102T020000Z',
      '20240101T020000Z',
    ]);
  });
});
