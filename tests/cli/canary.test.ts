import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../servers/connect.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { pathWith, serverIsMissing, startServer } from '../servers/servers.ts';
import { filesIn } from '../contract/tree.ts';
import { changePart, tamperedCopy } from './hostile-backup.ts';
import { createTestDatabase } from './test-database.ts';
import { type VyaResult, workspace, type Workspace } from './vya.ts';

const kinds: ServerKind[] = ['mariadb-10.11', 'mysql-9.7', 'postgresql-18'];
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const database = 'guarded';
/** Row data that failing statements would like to quote. */
const row = 'row-of-a-customer';

for (const kind of kinds) {
  describe.skipIf(await serverIsMissing(kind))(`a password and the rows of ${kind}`, () => {
    const canary = `cAnArY${randomBytes(8).toString('hex')}`;
    /** In every spelling that has to be escaped somewhere; the canary is in one piece whatever the spelling. */
    const password = `"'\\${canary}:#% `;
    const wrong = `${canary}wrong`;
    const said: VyaResult[] = [];
    let server: TestServer;
    let space: Workspace;
    let log: string;
    let seen: string[];

    beforeAll(async () => {
      server = await startServer(kind);
      await createTestDatabase(
        server,
        database,
        `CREATE TABLE customers (name varchar(40)); INSERT INTO customers VALUES ('${row}'), ('${row}');`,
      );
      await makeAccount(server, 'vya_canary', password);
      const settings = { databases: [database] };
      const login = { user: 'vya_canary', password };
      space = await workspace({
        instances: [
          { id: 'main', server, login, settings },
          { id: 'refused', server, login: { user: 'vya_canary', password: wrong }, settings },
        ],
      });
      log = join(space.path, 'vya.log');
      await recordCalls();
      seen = [];
    });
    afterAll(async () => {
      await space.remove();
      await server.stop();
    });

    /** Puts programs before the real ones that write down how they are called, and then call them. */
    async function recordCalls(): Promise<void> {
      const shims = join(space.path, 'shims');
      await mkdir(shims);
      for (const name of await readdir(server.binDir)) {
        const real = join(server.binDir, name);
        const script = `#!/bin/sh
{ printf '%s\\n' "$0" "$@"; env; } >> '${join(space.path, 'calls')}'
case "$0 $*" in
  *--version*|*--help*|*-dumpall*) ;;
  *dump*) [ ! -e '${join(space.path, 'fail')}' ] || { cat "\${PGPASSFILE:-\${1#--defaults-file=}}" >&2; exit 3; } ;;
esac
exec '${real}' "$@"
`;
        await writeFile(join(shims, name), script, { mode: 0o755 });
      }
    }

    async function vya(args: readonly string[], env: Record<string, string> = {}): Promise<VyaResult> {
      const watch = watchProcesses(canary);
      const result = await space.vya(args, {
        env: {
          PATH: `${join(space.path, 'shims')}:${await pathWith(server)}`,
          VYA_LOGGING__LEVEL: 'DEBUG',
          VYA_LOGGING__FORMAT: 'json',
          VYA_LOGGING__OUTPUT: log,
          ...env,
        },
      });
      seen.push(...(await watch.stop()));
      said.push(result);
      return result;
    }

    test('are not told by any command that succeeds (F35, F36)', async () => {
      for (const args of [
        ['check', '--instance', 'main', '--verbose'],
        ['backup', '--instance', 'main', '--rehearse', '--verbose'],
        ['verify', '--instance', 'main', '--latest', '--rehearse', '--verbose'],
        ['restore', '--instance', 'main', '--database', database, '--latest', '--force', '--verbose'],
        ['config', 'show'],
      ]) {
        const result = await vya(args);
        expect(result.code, `${args.join(' ')}\n${result.stdout}${result.stderr}`).toBe(0);
      }
      expect(await readFile(join(space.path, 'calls'), 'utf8')).toMatch(/dump/);
    });

    test('are not told by a login that is refused (F35)', async () => {
      const result = await vya(['backup', '--instance', 'refused', '--verbose', '--format', 'json']);
      expect(result.code, result.stdout + result.stderr).toBe(6);
    });

    test('are not told by a client program that says them before it fails (F35)', async () => {
      const marker = join(space.path, 'fail');
      await writeFile(marker, '');
      const result = await vya(['backup', '--instance', 'main', '--verbose', '--format', 'json']);
      expect(result.code, result.stdout + result.stderr).not.toBe(0);
      expect(result.stdout).toContain('[redacted]');
      await rm(marker);
    });

    test('are not told by a row that does not load (F35)', async () => {
      if (server.type === 'postgresql') await breakForeignKey(server);
      const made = await vya(['backup', '--instance', 'main', '--format', 'json']);
      const path = made.json<{ instances: { databases: { path: string }[] }[] }>().instances[0]?.databases[0]
        ?.path as string;
      const broken =
        server.type === 'postgresql'
          ? path
          : await tamperedCopy(path, space.path, (copy) =>
              changePart(copy, 'tables', (text) =>
                text.replace('`name` varchar(40)', '`name` varchar(40) UNIQUE'),
              ),
            );
      const args = ['restore', '--file', broken, '--target-database', 'broken_copy', '--format', 'json'];
      const result = await vya([...args, '--verbose']);
      expect(result.code, result.stdout + result.stderr).toBe(2);
      expect(result.stdout + result.stderr).toMatch(/Duplicate entry|during COMMIT|foreign key constraint/);
      if (server.type === 'mysql') await rm(broken, { recursive: true });
    });

    test('stand nowhere afterwards: in no output, log, argument, environment, manifest, name or file', async () => {
      expect(seen).toEqual([]);
      const outputs = said.map(({ stdout, stderr }) => stdout + stderr).join('\n');
      expect(outputs).not.toContain(canary);
      expect(outputs).not.toContain(row);
      expect(await readFile(log, 'utf8')).toContain('backed up');
      const files = await filesIn(space.path);
      expect(files.length).toBeGreaterThan(10);
      for (const file of files) {
        expect(file).not.toContain(canary);
        expect((await readFile(file)).includes(canary), file).toBe(false);
      }
      expect(await readFile(log, 'utf8')).not.toContain(row);
      expect(await readdir(join(space.path, 'tmp'))).toEqual([]);
    });

    test('are in no core dump, neither of vya nor of a client program', async () => {
      const cores = join(space.path, 'cores');
      await mkdir(cores);
      const blocker = await connect(server, database);
      await blocker.query(server.type === 'mysql' ? 'LOCK TABLES customers WRITE' : 'BEGIN');
      if (server.type === 'postgresql') await blocker.query('LOCK TABLE customers');
      const args = [main, '--config', space.configPath, 'backup', '--instance', 'main'];
      const vyaWithCores = spawn(
        'sh',
        ['-c', 'ulimit -c unlimited; exec "$0" "$@"', process.execPath, ...args],
        {
          cwd: cores,
          env: space.env,
          stdio: 'ignore',
        },
      );
      const pid = vyaWithCores.pid as number;
      await expect.poll(() => clientsOf(pid), { timeout: 60_000, interval: 100 }).not.toEqual([]);
      for (const each of [pid, ...(await clientsOf(pid))]) {
        expect(Number(await readFile(`/proc/${each}/coredump_filter`, 'utf8'))).toBe(0);
      }
      for (const each of await clientsOf(pid)) expect(await workingDirectory(each)).toBe('/');
      const ended = once(vyaWithCores, 'close');
      process.kill(pid, 'SIGSEGV');
      expect(await ended).toEqual([null, 'SIGSEGV']);
      await blocker.close();
      for (const name of await readdir(cores)) {
        expect((await readFile(join(cores, name))).includes(canary), name).toBe(false);
      }
      // Whatever held the secret for a client is gone, although vya could not clean up.
      await expect.poll(() => readdir(join(space.path, 'tmp')), { timeout: 30_000 }).toEqual([]);
    });
  });
}

async function makeAccount(server: TestServer, user: string, password: string): Promise<void> {
  const admin = await connect(server);
  const text = `'${password.replaceAll("'", "''")}'`;
  if (server.type === 'mysql') {
    await admin.query(`CREATE USER ${user}@'%' IDENTIFIED BY ${text.replaceAll('\\', '\\\\')}`);
    await admin.query(`GRANT ALL PRIVILEGES ON *.* TO ${user}@'%' WITH GRANT OPTION`);
  } else await admin.query(`CREATE ROLE ${user} LOGIN SUPERUSER PASSWORD ${text}`);
  await admin.close();
}

/** A row that no reference fits, as a server lets one in that does not check: its restore fails, and would quote it. */
async function breakForeignKey(server: TestServer): Promise<void> {
  const connection = await connect(server, database);
  await connection.script(`
    CREATE TABLE parents (name text PRIMARY KEY);
    CREATE TABLE children (name text REFERENCES parents);
    SET session_replication_role = replica;
    INSERT INTO children VALUES ('${row}');`);
  await connection.close();
}

/** Looks at the arguments and the environment of every process, over and over, for a text. */
function watchProcesses(text: string): { stop(): Promise<string[]> } {
  const found = new Set<string>();
  let stopped = false;
  const look = async (): Promise<void> => {
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      for (const file of ['cmdline', 'environ']) {
        const content = await readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => '');
        if (content.includes(text)) found.add(`${file} of ${pid}: ${content.slice(0, 200)}`);
      }
    }
  };
  const watching = (async () => {
    while (!stopped) await look();
  })();
  return {
    async stop() {
      stopped = true;
      await watching;
      return [...found];
    },
  };
}

/** The dump programs that a process has started. */
async function clientsOf(parent: number): Promise<number[]> {
  const clients: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (
      stat.replace(/^.*\) \S /s, '').startsWith(`${parent} `) &&
      /dump/.test(command.split('\0')[0] ?? '')
    ) {
      clients.push(Number(pid));
    }
  }
  return clients;
}

function workingDirectory(pid: number): Promise<string> {
  return readlink(`/proc/${pid}/cwd`);
}
