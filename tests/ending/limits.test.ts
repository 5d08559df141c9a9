import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Shims, shimsOf } from '../cli/shims.ts';
import { createTestDatabase, type TestDatabase } from '../cli/test-database.ts';
import { type VyaResult, workspace, type Workspace } from '../cli/vya.ts';
import { throughFault } from '../faults/through-fault.ts';
import { type Connection, connect } from '../servers/connect.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, sharedServer } from '../servers/servers.ts';

const database = 'limits';
const login = { user: 'limited', password: 'limited-password' };
const patience = { timeout: 60_000, interval: 50 };
const kinds: ServerKind[] = ['mariadb-10.11', 'mysql-9.7', 'postgresql-15', 'postgresql-18'];

for (const kind of kinds) {
  const mysql = !kind.startsWith('postgresql');
  describe.skipIf(await serverIsMissing(kind))(kind, () => {
    let server: TestServer;
    let inside: TestDatabase;
    let admin: Connection;
    let space: Workspace;
    let shims: Shims;

    beforeAll(async () => {
      server = await sharedServer(kind);
      admin = await connect(server);
      await admin.script(mysql ? mysqlAccount : postgresqlAccount);
      inside = await createTestDatabase(server, database, mysql ? mysqlTables : postgresqlTables);
      if (!mysql) await admin.script(`ALTER DATABASE ${database} OWNER TO ${login.user}`);
    });
    afterEach(async () => {
      await space.remove();
    });
    afterAll(async () => {
      await inside.drop();
      await admin.script(mysql ? `DROP USER ${login.user}@'%'` : `DROP ROLE ${login.user}`);
      await admin.close();
    });

    async function prepare(settings: Record<string, number>): Promise<void> {
      space = await workspace({
        instances: [{ id: 'main', server, login, settings: { databases: [database], ...settings } }],
      });
      shims = shimsOf(space, server);
    }

    /** Runs a backup whose dump is blocked by a lock that stays until vya has ended. */
    async function backupAtLock(): Promise<VyaResult & { left: unknown[] }> {
      const pattern = mysql ? '*single-transaction*' : '*format*';
      const gate = await shims.gate(dumpProgram(kind), pattern);
      const blocker = await connect(server, database);
      const { result } = space.start(['backup'], { env: await shims.env() });
      await expect.poll(gate.reached, patience).toBe(true);
      await blocker.script(
        mysql ? 'LOCK TABLES bulk WRITE' : 'BEGIN; LOCK TABLE bulk IN ACCESS EXCLUSIVE MODE',
      );
      await gate.open();
      const ended = await result;
      await expect.poll(sessions, patience).toEqual([]);
      await blocker.close();
      return { ...ended, left: await readdir(join(space.storagePath, '.staging/main')) };
    }

    async function sessions(): Promise<unknown[]> {
      return await admin.query(
        mysql
          ? `SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = '${login.user}'`
          : `SELECT pid FROM pg_stat_activity WHERE usename = '${login.user}'`,
      );
    }

    test('a dump that waits too long for a lock ends, and the message names setting and holder (F6)', async () => {
      await prepare({ lock_wait_timeout: 8 });
      await throughFault(`a lock before the dump, ${kind}`, space.storagePath, backupAtLock, (seen) => {
        expect(seen.code, seen.stdout + seen.stderr).toBe(2);
        expect(seen.stdout).toContain(`main/${database}`);
        expect(seen.stdout).toContain('waited for a lock for more than 8 s (lock_wait_timeout)');
        expect(seen.stdout).toMatch(/held by (perhaps )?session \d+ \((root|postgres) from 127\.0\.0\.1/);
        expect(seen.left).toEqual([]);
      });
    });

    test('a dump that moves no byte ends, and the message says what it was blocked by (F6)', async () => {
      await prepare({ dump_silence_timeout: 12 });
      await throughFault(`a silent dump, ${kind}`, space.storagePath, backupAtLock, (seen) => {
        expect(seen.code, seen.stdout + seen.stderr).toBe(2);
        expect(seen.stdout).toMatch(
          /main\/limits: the dump was ended, because it moved no byte for 12 s \(dump_silence_timeout\)/,
        );
        expect(seen.stdout).toMatch(/It was blocked: Waiting for .* held by/);
        expect(seen.left).toEqual([]);
      });
    });

    // There pg_dump compresses by itself.
    if (kind === 'postgresql-18') return;
    test('a dump that takes too long as a whole ends (F6)', async () => {
      await prepare({ dump_timeout: 4, dump_silence_timeout: 60 });
      await shims.add('zstd', 'while head -c 4096; do sleep 0.3; done');
      const run = async (): Promise<VyaResult> => await space.vya(['backup'], { env: await shims.env() });
      await throughFault(`a slow dump, ${kind}`, space.storagePath, run, async (seen) => {
        expect(seen.code, seen.stdout + seen.stderr).toBe(2);
        expect(seen.stdout).toContain(
          'main/limits: the dump was ended, because it took more than 4 s (dump_timeout)',
        );
        await expect.poll(sessions, patience).toEqual([]);
      });
    });
  });
}

function dumpProgram(kind: ServerKind): string {
  if (kind.startsWith('postgresql')) return 'pg_dump';
  return kind.startsWith('mariadb') ? 'mariadb-dump' : 'mysqldump';
}

const mysqlAccount = `DROP USER IF EXISTS ${login.user}@'%'; CREATE USER ${login.user}@'%' IDENTIFIED BY '${login.password}';
  GRANT ALL ON *.* TO ${login.user}@'%'`;
/** With the privilege that monitoring has: to see who holds a lock. */
const postgresqlAccount = `DROP ROLE IF EXISTS ${login.user}; CREATE ROLE ${login.user} LOGIN PASSWORD '${login.password}';
  GRANT pg_read_all_data, pg_monitor TO ${login.user}`;

/** More than pipes and sockets hold. */
const mysqlTables = `CREATE TABLE bulk (id int PRIMARY KEY AUTO_INCREMENT, filler varchar(8000));
  INSERT INTO bulk (filler) VALUES ${Array.from({ length: 64 }, () => `(REPEAT('x', 8000))`).join(',')};
  ${'INSERT INTO bulk (filler) SELECT filler FROM bulk;'.repeat(6)}`;
const postgresqlTables = `CREATE TABLE bulk (id int PRIMARY KEY, filler text);
  ALTER TABLE bulk ALTER filler SET STORAGE PLAIN;
  INSERT INTO bulk SELECT n, repeat('x', 7000) FROM generate_series(1, 4000) n`;
