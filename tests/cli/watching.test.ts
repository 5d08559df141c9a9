import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditRecord } from '../../src/storage/audit-trail.ts';
import { connect } from '../servers/connect.ts';
import { serverIsMissing, sharedServer } from '../servers/servers.ts';
import { age } from './aged-backup.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { workspace, type Workspace } from './vya.ts';

const kind = 'postgresql-15';

interface Status {
  databases: {
    database: string | null;
    standing: string;
    lastGood?: { id: string };
    failure?: { message: string };
  }[];
  storage: { backups: number; usedBytes: number; freeBytes: number };
  neverBackedUp: { instance: string }[];
}

interface Health {
  status: string;
  findings: { subject: string; message: string }[];
}

describe.skipIf(await serverIsMissing(kind))('watching', () => {
  let space: Workspace;
  const databases: TestDatabase[] = [];

  beforeAll(async () => {
    const server = await sharedServer(kind);
    for (const name of ['watched_shop', 'watched_old']) {
      databases.push(await createTestDatabase(server, name, 'CREATE TABLE kept (id int PRIMARY KEY)'));
    }
    const settings = { databases: ['watched_*'], accounts: true };
    const away = { ...server, port: 1 };
    space = await workspace({
      instances: [
        { id: 'main', server, settings },
        { id: 'away', server: away, settings: { connect_retries: 0 } },
      ],
    });
  });
  afterAll(async () => {
    await space.remove();
    for (const each of databases) await each.drop();
  });

  async function vya(...args: string[]): Promise<{ code: number; text: string }> {
    const { code, stdout, stderr } = await space.vya(args);
    return { code, text: stdout + stderr };
  }

  async function json<T>(...args: string[]): Promise<T> {
    return (await space.vya([...args, '--format', 'json'])).json<T>();
  }

  async function trail(): Promise<AuditRecord[]> {
    const directory = join(space.storagePath, '.audit');
    const texts = await Promise.all(
      (await readdir(directory)).map((name) => readFile(join(directory, name), 'utf8')),
    );
    return texts.flatMap((text) =>
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as AuditRecord),
    );
  }

  test('before anything is backed up, status names what is missing and health is critical', async () => {
    expect((await vya('status')).text).toContain('base_path');
    expect(await vya('health')).toEqual({ code: 3, text: expect.stringMatching(/^VYA UNKNOWN: /) as string });
  });

  test('a run is one line of the trail: who, what, and what became of each database', async () => {
    expect((await vya('backup')).code).toBe(1);
    const [run, ...others] = await trail();
    expect(others).toEqual([]);
    expect(run).toMatchObject({ action: 'backup', result: 'partial', everything: true });
    expect(run?.user).not.toBe('');
    expect(run?.databases?.map(({ instance, database, result }) => [instance, database, result])).toEqual([
      ['main', 'watched_old', 'ok'],
      ['main', 'watched_shop', 'ok'],
      ['main', null, 'ok'],
      ['away', undefined, 'failed'],
    ]);
  });

  test('status tells the last good backups, and health that one instance has none', async () => {
    const status = await json<Status>('status');
    expect(status.databases.map(({ database, standing }) => [database, standing])).toEqual([
      ['watched_old', 'current'],
      ['watched_shop', 'current'],
      [null, 'current'],
    ]);
    expect(status.storage.backups).toBe(3);
    expect(status.neverBackedUp.map(({ instance }) => instance)).toEqual(['away']);
    const { code, text } = await vya('health');
    expect([code, text]).toEqual([
      2,
      expect.stringMatching(/^VYA CRITICAL: away was never backed up: /) as string,
    ]);
    const main = await vya('health', '--instance', 'main');
    expect(main.text).toMatch(
      /^VYA OK: 3 databases, the oldest good backup is 0 minutes old \| databases=3 /,
    );
    expect(main.code).toBe(0);
  });

  test('an old backup is critical, a dropped database is not', async () => {
    await databases[1]?.drop();
    expect((await vya('backup', '--instance', 'main')).code).toBe(0);
    const [shop] = (await json<Status>('status')).databases.filter(
      ({ database }) => database === 'watched_shop',
    );
    await age(space.storagePath, 'main', 'watched_shop', '20200101T020000Z');
    await rm(join(space.storagePath, shop?.lastGood?.id as string), { recursive: true });
    for (const name of await readdir(join(space.storagePath, 'main/watched_shop'))) {
      if (name !== '20200101T020000Z')
        await rm(join(space.storagePath, 'main/watched_shop', name), { recursive: true });
    }
    const status = await json<Status>('status', '--instance', 'main');
    expect(status.databases.map(({ database, standing }) => [database, standing])).toEqual([
      ['watched_old', 'gone'],
      ['watched_shop', 'current'],
      [null, 'current'],
    ]);
    const health = await json<Health>('health', '--instance', 'main');
    expect(health.status).toBe('critical');
    expect(health.findings.map(({ subject }) => subject)).toEqual(['main/watched_shop']);
    await space.configure({ health: { warning_age: 0, critical_age: 0 } });
    expect((await vya('health', '--instance', 'main')).code).toBe(0);
  });

  test('every act that changes something writes the metrics anew, for node_exporter to read', async () => {
    const textfile = join(space.path, 'vya.prom');
    await space.configure({
      metrics: { textfile },
      retention: { daily: 1, weekly: 0, monthly: 0, keep_last: 1 },
    });
    expect((await vya('backup', '--instance', 'main')).code).toBe(0);
    const text = await readFile(textfile, 'utf8');
    expect((await stat(textfile)).mode & 0o777).toBe(0o644);
    expect(text).toMatch(
      /^vya_backup_last_success_timestamp_seconds\{instance="main",database="watched_shop"\} \d{10}$/m,
    );
    expect(text).toMatch(/^vya_backup_failures_total\{instance="away",database=""\} 1$/m);
    expect(text).toMatch(/^vya_deletions_total\{instance="main",database="watched_shop",result="ok"\} 1$/m);
    expect((await vya('metrics')).text).toContain('# TYPE vya_storage_free_bytes gauge\n');
    const deletions = (await trail()).filter(({ action }) => action === 'delete');
    expect(deletions.map(({ backup }) => backup)).toContain('main/watched_shop/20200101T020000Z');
    expect(deletions[0]?.reason).toContain('not one of the last 1');
    expect(await readdir(space.path)).not.toContainEqual(expect.stringContaining('.new'));
  });

  test('metrics that cannot be written are complained of, however quiet the run, and fail no backup', async () => {
    await space.configure({ metrics: { textfile: join(space.path, 'nowhere/vya.prom') } });
    const { code, stdout, stderr } = await space.vya(['--quiet', 'backup', '--instance', 'main']);
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(
      /the metrics were not written to .*nowhere\/vya\.prom: ENOENT.* Its directory has to be there/,
    );
  });

  test('a pin is noted with its reason', async () => {
    const shop = (await json<Status>('status')).databases.find(({ database }) => database === 'watched_shop');
    expect((await vya('pin', shop?.lastGood?.id as string, '--reason', 'migration')).code).toBe(0);
    expect((await trail()).at(-1)).toMatchObject({
      action: 'pin',
      reason: 'migration',
      backup: shop?.lastGood?.id,
    });
  });

  test('restores, rehearsals, accounts and credentials are noted, failed ones with their reason; dry runs are not', async () => {
    const before = (await trail()).length;
    const chosen = ['--instance', 'main', '--database', 'watched_shop', '--latest'];
    const copy = ['--target-database', 'watched_copy'];
    expect((await vya('restore', ...chosen, ...copy, '--dry-run')).code).toBe(0);
    expect((await vya('restore', ...chosen, ...copy)).code).toBe(0);
    expect((await vya('restore', ...chosen, ...copy)).code).toBe(3);
    expect((await vya('verify', ...chosen, '--rehearse')).code).toBe(0);
    expect((await vya('users', 'backup', '--instance', 'main')).code).toBe(0);
    const stored = await space.vya(['credentials', 'set', 'extra', '--username', 'ana'], {
      input: 'canary-audit\n',
    });
    expect(stored.code).toBe(0);
    const lines = (await trail()).slice(before);
    expect(lines.map(({ action, result, error }) => [action, result, error?.kind])).toEqual([
      ['restore', 'ok', undefined],
      ['restore', 'failed', 'refused'],
      ['rehearse', 'ok', undefined],
      ['backup-accounts', 'ok', undefined],
      ['credentials-set', 'ok', undefined],
    ]);
    expect(lines[0]).toMatchObject({ instance: 'main', database: 'watched_copy' });
    expect(lines.at(-1)?.credentials).toEqual(['extra']);
    expect(JSON.stringify(lines)).not.toContain('canary-audit');
    expect((await vya('metrics')).text).toMatch(
      /^vya_restores_total\{instance="main",database="watched_copy",result="ok"\} 1$/m,
    );
    const cleaning = await connect(await sharedServer(kind));
    await cleaning.script('DROP DATABASE watched_copy');
    await cleaning.close();
  });

  test('health answers with 3 when it cannot know', async () => {
    const { code, text } = await vya('health', '--instance', 'nobody');
    expect([code, text]).toEqual([
      3,
      expect.stringMatching(/^VYA UNKNOWN: No instance is called nobody/) as string,
    ]);
  });
});
