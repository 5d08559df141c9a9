import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from './connect.ts';
import { kindFacts, serverKinds } from './kinds.ts';
import type { TestServer } from './server.ts';
import { pathWith, serverIsMissing, sharedServer, startServer } from './servers.ts';

const run = promisify(execFile);

async function identity(server: TestServer): Promise<unknown> {
  const connection = await connect(server);
  const question =
    server.type === 'postgresql'
      ? 'SELECT system_identifier::text AS id FROM pg_control_system()'
      : server.kind.startsWith('mysql')
        ? 'SELECT @@server_uuid AS id'
        : 'SELECT @@server_id AS id';
  const [row] = await connection.query<{ id: unknown }>(question);
  await connection.close();
  return row?.id;
}

/** What the kind's own dump program says about one database, over TCP or through the socket. */
async function dump(
  server: TestServer,
  database: string,
  over: 'tcp' | 'socket',
  folder: string,
): Promise<string> {
  const { user, password } = server.admin;
  if (server.type === 'mysql') {
    const options = join(folder, 'options.cnf');
    await writeFile(options, `[client]\nuser=${user}\npassword=${password}\n`, { mode: 0o600 });
    const place =
      over === 'tcp' ? [`--host=${server.host}`, `--port=${server.port}`] : [`--socket=${server.socket}`];
    const program = server.kind.startsWith('mysql') ? 'mysqldump' : 'mariadb-dump';
    return (await run(join(server.binDir, program), [`--defaults-file=${options}`, ...place, '--', database]))
      .stdout;
  }
  const host = over === 'tcp' ? server.host : server.socket;
  const place = ['--host', host, '--port', String(server.port), '--username', user, '--dbname', database];
  const env = { ...process.env, PGPASSWORD: password };
  return (await run(join(server.binDir, 'pg_dump'), place, { env })).stdout;
}

// Files that a server reads before it lets anybody in.
const stopwords = { args: ['--ft-stopword-file={files}/words.txt'], files: { 'words.txt': 'the' } };
const hostRules = {
  args: ['-c', 'hba_file={files}/hba.conf'],
  files: { 'hba.conf': 'host all all all scram-sha-256\nlocal all all scram-sha-256\n' },
};

describe.each(serverKinds)('a private %s', (kind) => {
  let missing = false;
  let server: TestServer;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vya-servers-test-'));
    missing = await serverIsMissing(kind);
    if (!missing) server = await sharedServer(kind);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('answers with its version', async (context) => {
    if (missing) context.skip();
    const connection = await connect(server);
    const [row] = await connection.query<{ version: string }>('SELECT version() AS version');
    await connection.close();
    expect(row?.version.replace(/^PostgreSQL /, '')).toMatch(
      new RegExp(`^${kindFacts[kind].version.replaceAll('.', '\\.')}`),
    );
  });

  test('is dumped by its own client programs over TCP and through its socket', async (context) => {
    if (missing) context.skip();
    const database = 'smoke_dump';
    const admin = await connect(server);
    await admin.script(`CREATE DATABASE ${database}`);
    try {
      const connection = await connect(server, database);
      await connection.script("CREATE TABLE t (x varchar(20)); INSERT INTO t VALUES ('one and only');");
      await connection.close();
      expect(await dump(server, database, 'tcp', folder)).toContain('one and only');
      expect(await dump(server, database, 'socket', folder)).toContain('one and only');
    } finally {
      await admin.script(`DROP DATABASE ${database}`);
      await admin.close();
    }
  });

  test('has a second server with another identity beside it, which ends with stop', async (context) => {
    if (missing) context.skip();
    const second = await startServer(kind);
    const ids = [await identity(server), await identity(second)];
    await second.stop();
    expect(ids[0]).not.toBe(ids[1]);
    expect(second.pid === undefined || !existsSync(`/proc/${second.pid}`)).toBe(true);
    expect(second.socket === '' || !existsSync(second.socket)).toBe(true);
    await expect(connect(second)).rejects.toThrow(/ECONNREFUSED/);
  });

  test('takes arguments and files of the caller', async (context) => {
    if (missing) context.skip();
    const own = await startServer(kind, kindFacts[kind].type === 'mysql' ? stopwords : hostRules);
    const connection = await connect(own);
    const asked = own.type === 'mysql' ? 'SELECT @@ft_stopword_file AS value' : 'SHOW hba_file';
    const [row] = await connection.query(asked);
    await connection.close();
    await own.stop();
    expect(Object.values(row ?? {})).toEqual([expect.stringMatching(/^\/.+\/(words\.txt|hba\.conf)$/)]);
  });

  test('comes with zstd on the path of its clients', async (context) => {
    if (missing) context.skip();
    const env = { PATH: await pathWith(server) };
    expect((await run('zstd', ['--version'], { env })).stdout).toContain('Zstandard');
  });
});
