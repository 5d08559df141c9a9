import { createServer, type Server, connect as connectTo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Shims, shimsOf } from '../cli/shims.ts';
import { createTestDatabase, type TestDatabase } from '../cli/test-database.ts';
import { type VyaResult, workspace, type Workspace } from '../cli/vya.ts';
import { type Connection, connect } from '../servers/connect.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, sharedServer } from '../servers/servers.ts';

const database = 'again';
const patience = { timeout: 60_000, interval: 20 };

/** A shared server, a database on it, and a configuration that knows only that. */
function bench(kind: ServerKind, sql: string) {
  const own = {} as { server: TestServer; inside: TestDatabase; space: Workspace; shims: Shims };
  beforeAll(async () => {
    own.server = await sharedServer(kind);
  });
  const prepare = async (settings: Record<string, unknown> = {}): Promise<typeof own> => {
    own.inside = await createTestDatabase(own.server, database, sql);
    const { server } = own;
    own.space = await workspace({
      instances: [{ id: 'main', server, settings: { databases: [database], ...settings } }],
    });
    own.shims = shimsOf(own.space, server);
    return own;
  };
  afterEach(() => own.space.remove());
  afterAll(() => own.inside.drop());
  return prepare;
}

/** Starts vya, does something as soon as its stderr says so, and waits for its end. */
async function whenItSays(
  { child, result }: ReturnType<Workspace['start']>,
  words: RegExp,
  then: () => Promise<unknown>,
): Promise<VyaResult> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await expect.poll(() => said, patience).toMatch(words);
  await then();
  return await result;
}

async function tablesOfNewest(space: Workspace): Promise<string[]> {
  const listed = await space.vya(['list', '--format', 'json']);
  const { backups } = listed.json<{ backups: { id: string }[] }>();
  expect(backups).toHaveLength(1);
  const { readFile } = await import('node:fs/promises');
  const manifest = JSON.parse(
    await readFile(`${space.storagePath}/${backups[0]?.id}/manifest.json`, 'utf8'),
  ) as { inventory: { tables: { name: string }[] } };
  return manifest.inventory.tables.map(({ name }) => name).toSorted();
}

for (const kind of ['mariadb-10.11', 'mysql-9.7'] as const) {
  describe.skipIf(await serverIsMissing(kind))(kind, () => {
    // `a` is more than pipes and sockets hold, so that the dump has not come to `b` while nothing is taken from it.
    const sql = `CREATE TABLE a (filler varchar(8000)); CREATE TABLE b (n int); INSERT INTO b VALUES (1);
      INSERT INTO a VALUES ${Array.from({ length: 64 }, () => `(REPEAT('x', 8000))`).join(',')};
      ${'INSERT INTO a SELECT filler FROM a;'.repeat(6)}`;
    const prepare = bench(kind, sql);
    const dump = kind === 'mysql-9.7' ? 'mysqldump' : 'mariadb-dump';

    test.each([
      ['is changed (error 1412)', 'ALTER TABLE b ADD COLUMN more int, ALGORITHM=COPY', ['a', 'b']],
      ['is truncated (error 1412)', 'TRUNCATE TABLE b', ['a', 'b']],
      ['is dropped', 'DROP TABLE b', ['a']],
    ])(
      'a dump during which a table %s is made once more, from a new inventory (F5)',
      async (_, change, tables) => {
        const { space, shims, inside } = await prepare();
        const gate = await shims.gate('zstd', '*');
        const { result } = space.start(['backup'], { env: await shims.env() });
        await expect.poll(gate.reached, patience).toBe(true);
        // The snapshot is there when the dump reads its first table.
        const reading = async () =>
          JSON.stringify(
            await inside.query("SELECT INFO FROM information_schema.PROCESSLIST WHERE DB = 'again'"),
          );
        await expect.poll(reading, patience).toMatch(/SELECT [^"]*FROM `a`/);
        await inside.script(change);
        await gate.open();
        const { code, stdout, stderr } = await result;
        expect(code, stdout + stderr).toBe(0);
        expect(stderr).toContain(`A table of ${database} was changed or dropped while it was dumped`);
        expect(await tablesOfNewest(space)).toEqual(tables);
      },
    );

    if (kind === 'mysql-9.7') {
      test('a dump during which a table gets an instant column is made once more (F5)', async () => {
        const { space, shims } = await prepare();
        const mark = `${space.path}/tried`;
        const words = 'mysqldump: Error in field count for table: `b` !  Aborting.';
        await shims.add(
          dump,
          `[ -e '${mark}' ] || { : > '${mark}'; echo '${words}' >&2; exit 3; }; real "$@"`,
        );
        const { code, stdout, stderr } = await space.vya(['backup'], { env: await shims.env() });
        expect(code, stdout + stderr).toBe(0);
        expect(stderr).toContain('was changed or dropped while it was dumped');
      });
    }

    test('a dump that meets a changed table twice is a failure that says so (F5)', async () => {
      const { space, shims } = await prepare();
      const words =
        'Error 1412: Table definition has changed, please retry transaction when dumping table `b` at row: 0';
      await shims.add(dump, `echo '${dump}: ${words}' >&2; exit 3`);
      const { code, stdout } = await space.vya(['backup'], { env: await shims.env() });
      expect(code, stdout).toBe(2);
      expect(stdout).toContain('were changed or dropped during the dump, and again during a second one');
    });

    test('a dump program that is turned away at the login is tried again', async () => {
      const { space, shims } = await prepare();
      const mark = `${space.path}/tried`;
      const words = `${dump}: Got error: 1040: "Too many connections" when trying to connect`;
      await shims.add(dump, `[ -e '${mark}' ] || { : > '${mark}'; echo '${words}' >&2; exit 2; }; real "$@"`);
      const { code, stdout, stderr } = await space.vya(['backup'], { env: await shims.env() });
      expect(code, stdout + stderr).toBe(0);
      expect(stderr).toMatch(/Too many connections.*trying again in 1 s \(1 of 3\)/);
    });
  });
}

describe.skipIf(await serverIsMissing('postgresql-18'))('postgresql-18', () => {
  // Enough of them that the request for the lock comes before the jobs do, and their names fill more than a message.
  const many = Array.from({ length: 300 }, (_, n) => `CREATE TABLE t${n} (n int)`).join(';');
  const prepare = bench('postgresql-18', `${many}; CREATE TABLE zz (n int); INSERT INTO zz VALUES (1)`);
  let blocker: Connection;

  test('parallel jobs that an exclusive lock request stops give way to one job (F48)', async () => {
    const { space, server, inside } = await prepare();
    // A smaller database is dumped by one job anyway.
    await inside.script(
      `CREATE TABLE ballast AS SELECT n, repeat(md5(n::text), 50) FROM generate_series(1, 50000) n`,
    );
    blocker = await connect(server, database);
    const { result } = space.start(['backup', '--jobs', '2']);
    const held = `SELECT 1 AS held FROM pg_locks l JOIN pg_stat_activity USING (pid)
      WHERE relation = 'zz'::regclass AND mode = 'AccessShareLock' AND granted AND application_name LIKE 'vya-%'`;
    await expect.poll(() => blocker.query(held), { ...patience, interval: 5 }).toHaveLength(1);
    // Comes in once the first dump has ended, and is gone before the second one.
    await blocker.script('BEGIN; LOCK TABLE zz IN ACCESS EXCLUSIVE MODE; COMMIT');
    const { code, stdout, stderr } = await result;
    await blocker.close();
    expect(code, stdout + stderr).toBe(0);
    expect(stderr).toMatch(/begins anew: .*could not obtain lock on relation/);
  });

  test('a table that is dropped while the dump waits for it is left out of a second dump (F5)', async () => {
    const { space, server } = await prepare();
    const shims = shimsOf(space, server);
    const gate = await shims.gate('pg_dump', '*format*');
    blocker = await connect(server, database);
    const { result } = space.start(['backup'], { env: await shims.env() });
    await expect.poll(gate.reached, patience).toBe(true);
    await blocker.script('BEGIN; LOCK TABLE zz IN ACCESS EXCLUSIVE MODE');
    await gate.open();
    const waiting = `SELECT 1 AS waits FROM pg_locks WHERE relation = 'zz'::regclass AND NOT granted`;
    await expect.poll(() => blocker.query(waiting), patience).toHaveLength(1);
    await blocker.script('DROP TABLE zz; COMMIT');
    await blocker.close();
    const { code, stdout, stderr } = await result;
    expect(code, stdout + stderr).toBe(0);
    expect(stderr).toContain(`A table of ${database} was changed or dropped while it was dumped`);
    expect(await tablesOfNewest(space)).not.toContain('zz');
  });
});

describe.skipIf(await serverIsMissing('postgresql-18'))('PostgreSQL', () => {
  const prepare = bench('postgresql-18', 'CREATE TABLE a (n int)');

  test('an account that has no connection left is tried again', async () => {
    const { space, server } = await prepare({ credential: 'main', connect_retries: 8 });
    const admin = await connect(server);
    await admin.script(
      `DROP ROLE IF EXISTS crowded; CREATE ROLE crowded SUPERUSER LOGIN PASSWORD 'crowded-password' CONNECTION LIMIT 0;
       ALTER ROLE crowded NOSUPERUSER; GRANT pg_read_all_data TO crowded`,
    );
    const set = ['credentials', 'set', 'main', '--username', 'crowded'];
    expect((await space.vya(set, { input: 'crowded-password\n' })).code).toBe(0);
    const { code, stdout, stderr } = await whenItSays(
      space.start(['backup']),
      /the server has no connection left: .*trying again in 1 s \(1 of 8\)/,
      () => admin.script('ALTER ROLE crowded CONNECTION LIMIT -1'),
    );
    expect(code, stdout + stderr).toBe(0);
    await admin.script('DROP ROLE crowded');
    await admin.close();
  });
});

describe.skipIf(await serverIsMissing('mariadb-10.11'))('a server that', () => {
  const prepare = bench('mariadb-10.11', 'CREATE TABLE a (n int)');

  test('listens only after a while is tried again', async () => {
    const port = await freePort();
    const { space, server } = await prepare({ port, connect_retries: 8 });
    let proxy: Server | undefined;
    const { code, stdout, stderr } = await whenItSays(
      space.start(['backup']),
      /connection refused: no server listens there; trying again in 1 s \(1 of 8\)/,
      async () => (proxy = await forward(port, server)),
    );
    proxy?.close();
    expect(code, stdout + stderr).toBe(0);
  });

  test('never listens is a connection error after the last try', async () => {
    const { space } = await prepare({ port: await freePort(), connect_retries: 1 });
    const { code, stderr } = await space.vya(['backup']);
    expect(code, stderr).toBe(6);
    expect(stderr.match(/trying again/g)).toHaveLength(1);
  });

  test('refuses the login, or is unknown, is not tried again', async () => {
    const { space } = await prepare({ credential: 'main' });
    const set = ['credentials', 'set', 'main', '--username', 'root'];
    expect((await space.vya(set, { input: 'wrong\n' })).code).toBe(0);
    const refused = await space.vya(['backup']);
    expect(refused.code, refused.stderr).toBe(6);
    expect(refused.stderr).not.toContain('trying again');
    await space.remove();
    const unknown = await (await prepare({ host: 'no-such-host.invalid' })).space.vya(['backup']);
    expect(unknown.code, unknown.stderr).toBe(6);
    expect(unknown.stderr).not.toContain('trying again');
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

/** Hands every connection to a port on to the server. */
async function forward(port: number, { host, port: behind }: TestServer): Promise<Server> {
  const server = createServer((client) => {
    const onward = connectTo(behind, host);
    for (const socket of [client, onward])
      socket.on('error', () => [client, onward].forEach((s) => s.destroy()));
    client.pipe(onward).pipe(client);
  }).listen(port, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return server;
}
