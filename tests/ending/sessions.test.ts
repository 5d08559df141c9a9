import { afterEach, describe, expect, test } from 'vitest';
import { shimsOf } from '../cli/shims.ts';
import { createTestDatabase, type TestDatabase } from '../cli/test-database.ts';
import { workspace, type Workspace } from '../cli/vya.ts';
import { connect } from '../servers/connect.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';

const database = 'sessions';
const patience = { timeout: 60_000, interval: 50 };
const restore = ['restore', '--instance', 'main', '--database', database, '--latest', '--force'];

let server: TestServer;
let space: Workspace;
let inside: TestDatabase;

/** More than pipes and sockets hold. */
const bulk = `CREATE TABLE bulk (id int PRIMARY KEY AUTO_INCREMENT, filler varchar(8000));
  INSERT INTO bulk (filler) VALUES ${Array.from({ length: 64 }, () => `(REPEAT('x', 8000))`).join(',')};
  ${'INSERT INTO bulk (filler) SELECT filler FROM bulk;'.repeat(7)}`;

async function prepare(
  kind: ServerKind,
  sql: string,
  options: { args?: string[]; login?: { user: string; password: string }; settings?: object } = {},
): Promise<void> {
  const { args, login, settings } = options;
  // Its own: the limits are the server's.
  server = await startServer(kind, args ? { args } : {});
  inside = await createTestDatabase(server, database, sql);
  const instance = { id: 'main', server, settings: { databases: [database], ...settings } };
  space = await workspace({ instances: [{ ...instance, ...(login ? { login } : {}) }] });
}

afterEach(async () => {
  await space.remove();
  await server.stop();
});

describe.skipIf(await serverIsMissing('mysql-9.7'))('mysql-9.7', () => {
  test("the server's limits on statements and on idle clients do not end a dump (F7, F54)", async () => {
    await prepare('mysql-9.7', bulk, { args: ['--max-execution-time=2000', '--net-write-timeout=2'] });
    const shims = shimsOf(space, server);
    await shims.add('zstd', 'sleep 8; real "$@"');
    const { code, stdout, stderr } = await space.vya(['backup'], { env: await shims.env() });
    expect(code, stdout + stderr).toBe(0);
  });

  test('the dump logs in by caching_sha2_password without TLS, and nothing in the cache (F12, F46)', async () => {
    const login = { user: 'sha2', password: 'sha2-password' };
    await prepare('mysql-9.7', bulk, { settings: { credential: 'main', ssl: { mode: 'disable' } } });
    const admin = await connect(server);
    await admin.script(
      `CREATE USER sha2@'%' IDENTIFIED WITH caching_sha2_password BY '${login.password}'; GRANT ALL ON *.* TO sha2@'%'`,
    );
    const set = ['credentials', 'set', 'main', '--username', login.user];
    expect((await space.vya(set, { input: `${login.password}\n` })).code).toBe(0);
    const shims = shimsOf(space, server);
    const gate = await shims.gate('mysqldump', '*single-transaction*');
    const { result } = space.start(['backup'], { env: await shims.env() });
    await expect.poll(gate.reached, patience).toBe(true);
    // Forgets who has logged in.
    await admin.script('FLUSH PRIVILEGES');
    await admin.close();
    await gate.open();
    const { code, stdout, stderr } = await result;
    expect(code, stdout + stderr).toBe(0);
  });
});

describe.skipIf(await serverIsMissing('mariadb-10.11'))('mariadb-10.11', () => {
  test("the server's limit on statements does not end a dump (F7)", async () => {
    await prepare('mariadb-10.11', bulk, { args: ['--max-statement-time=2'] });
    const shims = shimsOf(space, server);
    await shims.add('zstd', 'sleep 8; real "$@"');
    const { code, stdout, stderr } = await space.vya(['backup'], { env: await shims.env() });
    expect(code, stdout + stderr).toBe(0);
  });

  test('a dump that the server ends because nothing takes it is a failure that names the limit (F54)', async () => {
    await prepare('mariadb-10.11', bulk, { args: ['--net-write-timeout=2'] });
    const shims = shimsOf(space, server);
    await shims.add('zstd', 'sleep 20; real "$@"');
    const { code, stdout, stderr } = await space.vya(['backup'], { env: await shims.env() });
    expect(code, stdout + stderr).toBe(2);
    expect(stdout).toMatch(/main\/sessions: the server ended the dump's session: .*2013/);
    expect(stdout).toContain('net_write_timeout');
  });
});

/** Its index takes longer to make than the role's limits, where vya loads it. */
const slowIndex = `CREATE FUNCTION slow(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN IF current_database() LIKE 'vya\\_tmp\\_%' THEN PERFORM pg_catalog.pg_sleep(6); END IF; RETURN n; END $$;
  CREATE TABLE rows (id int PRIMARY KEY); INSERT INTO rows VALUES (1);
  CREATE INDEX ON rows (slow(id)); CREATE INDEX ON rows (id) WHERE id > 0`;

for (const kind of ['postgresql-15', 'postgresql-18'] as const) {
  describe.skipIf(await serverIsMissing(kind))(kind, () => {
    test("a role's own settings end neither backup nor restore, nor change them (F7)", async () => {
      const login = { user: 'limited', password: 'limited-password' };
      await prepare(kind, slowIndex, { login });
      const admin = await connect(server);
      await admin.script(`CREATE ROLE limited SUPERUSER LOGIN PASSWORD '${login.password}'`);
      const limits = [
        'statement_timeout',
        'lock_timeout',
        'idle_in_transaction_session_timeout',
        'idle_session_timeout',
      ];
      if (kind === 'postgresql-18') limits.push('transaction_timeout');
      for (const limit of limits) await admin.script(`ALTER ROLE limited SET ${limit} TO '3s'`);
      await admin.script(`ALTER ROLE limited SET default_transaction_read_only TO on`);
      await admin.script(`ALTER ROLE limited SET search_path TO nowhere`);
      await admin.script(`ALTER ROLE limited SET client_encoding TO latin1`);
      const shims = shimsOf(space, server);
      const gate = await shims.gate('pg_dump', '*format*');
      const blocker = await connect(server, database);
      const { result } = space.start(['backup'], { env: await shims.env() });
      await expect.poll(gate.reached, patience).toBe(true);
      await blocker.script('BEGIN; LOCK TABLE rows IN ACCESS EXCLUSIVE MODE');
      await gate.open();
      const waited = `SELECT 1 AS waits FROM pg_stat_activity WHERE application_name LIKE 'vya-%' AND wait_event_type = 'Lock'
        AND clock_timestamp() - query_start > interval '5 s'`;
      await expect.poll(() => admin.query(waited), patience).toHaveLength(1);
      await blocker.script('ROLLBACK');
      await blocker.close();
      const dumped = await result;
      expect(dumped.code, dumped.stdout + dumped.stderr).toBe(0);
      await shims.remove();
      await inside.script('DELETE FROM rows');
      const restored = await space.vya([...restore, '--jobs', '2']);
      expect(restored.code, restored.stdout + restored.stderr).toBe(0);
      expect(await inside.query('SELECT id FROM rows')).toEqual([{ id: 1 }]);
      await admin.close();
    });
  });
}
