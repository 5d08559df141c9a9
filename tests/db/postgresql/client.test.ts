import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { clientCommand } from '../../../src/db/postgresql/client.ts';
import { postgresqlEngine } from '../../../src/db/postgresql/engine.ts';
import { passFile } from '../../../src/db/postgresql/pass-file.ts';
import { capture } from '../../../src/exec/capture.ts';
import type { InstanceTarget } from '../../../src/model/instance.ts';
import { connect } from '../../servers/connect.ts';
import type { TestServer } from '../../servers/server.ts';
import { serverIsMissing, sharedServer, startServer } from '../../servers/servers.ts';
import { open, programsOf, temporaryDirectory } from './harness.ts';
import { targetOf } from '../target.ts';
import { unique } from './rich-database.ts';

const certificates = path.join(import.meta.dirname, '../../fixtures/tls');

const passwords = {
  'colon and backslash': 'a:b\\c',
  'backslash alone': '\\',
  'colon alone': ':',
  'another line': '*:*:*:*:x',
  quotes: `p#w'"$HOME\`ls\``,
  'spaces around': ' spaces around ',
  'a tab': '\ttab',
  'more than ASCII': 'pässwörd ☂',
  'a comment': '#comment',
  'great length': 'x'.repeat(900),
};

describe.each(['postgresql-15', 'postgresql-18'] as const)('the client programs of %s', async (kind) => {
  const missing = await serverIsMissing(kind);

  test.skipIf(missing).each(Object.entries(passwords))(
    'log in with a password of %s from a file (F36)',
    async (_, password) => {
      const server = await sharedServer(kind);
      const role = unique('login');
      const admin = await connect(server);
      await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD '${password.replaceAll("'", "''")}'`);
      onTestFinished(async () => {
        await admin.query(`DROP ROLE ${role}`);
        await admin.close();
      });
      const adapter = await open(server, { user: role, password });
      const command = adapter.identityCommand(await programsOf(server, adapter));
      const { stdout } = await capture(command, { timeoutMs: 20_000 });
      expect(stdout.trim()).toBe(adapter.server.identity);
      const visible = [...command.args, ...Object.values(command.env)];
      // One character is found anywhere.
      const holdsIt = (text: string) => password.length > 1 && text.includes(password);
      expect(visible.filter(holdsIt)).toEqual([]);
    },
  );

  test.skipIf(missing)('reach the same server as the connection, over TCP and over the socket', async () => {
    const server = await sharedServer(kind);
    const identities = new Set<string>();
    const endpoints = [
      { host: server.host, port: server.port },
      { socket: server.socket, port: server.port },
      { socket: path.join(server.socket, `.s.PGSQL.${server.port}`), port: 1 },
    ];
    for (const endpoint of server.socket === '' ? endpoints.slice(0, 1) : endpoints) {
      const adapter = await open(server, { endpoint });
      const { stdout } = await capture(adapter.identityCommand(await programsOf(server, adapter)));
      identities.add(stdout.trim()).add(adapter.server.identity);
    }
    expect([...identities]).toHaveLength(1);
  });

  test.skipIf(missing)("do not read the caller's environment, .psqlrc and .pgpass (F3)", async () => {
    const server = await sharedServer(kind);
    const home = await temporaryDirectory();
    await writeFile(path.join(home, '.psqlrc'), '\\echo intruder\n');
    await writeFile(path.join(home, '.pgpass'), `*:*:*:*:wrong\n`);
    await chmod(path.join(home, '.pgpass'), 0o600);
    await mkdir(path.join(home, '.postgresql'));
    await writeFile(path.join(home, '.postgresql/root.crt'), 'no certificate');
    for (const [name, value] of Object.entries({
      HOME: home,
      PGHOST: 'nowhere.invalid',
      PGPORT: '1',
      PGPASSWORD: 'wrong',
      PGDATABASE: 'wrong',
      PGOPTIONS: '--wrong',
      PGSSLMODE: 'verify-full',
      PGAPPNAME: 'wrong',
      PGUSER: 'wrong',
    }))
      vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    const adapter = await open(server);
    const { stdout } = await capture(adapter.identityCommand(await programsOf(server, adapter)));
    expect(stdout.trim()).toBe(adapter.server.identity);
    expect(adapter.server.account).toBe(server.admin.user);
  });
});

describe('with TLS', async () => {
  const kind = 'postgresql-18';

  test.skipIf(await serverIsMissing(kind))('the client programs log in by a certificate alone', async () => {
    const directory = await temporaryDirectory();
    const read = async (name: string) => await readFile(path.join(certificates, name), 'utf8');
    const key = path.join(directory, 'client.key');
    await writeFile(key, await read('client.key'), { mode: 0o600 });
    const server = await startServer(kind, {
      args: [
        'ssl=on',
        'ssl_ca_file={files}/ca.pem',
        'ssl_cert_file={files}/server.pem',
        'ssl_key_file={files}/server.key',
        'hba_file={files}/pg_hba.conf',
      ].flatMap((setting) => ['-c', setting]),
      files: {
        'ca.pem': await read('ca.pem'),
        'server.pem': await read('server.pem'),
        'server.key': await read('server.key'),
        'pg_hba.conf':
          'local all all scram-sha-256\nhostssl all vya_certificate all cert\nhost all all all scram-sha-256\n',
      },
    });
    onTestFinished(() => server.stop());
    const admin = await connect(server);
    await admin.query('CREATE ROLE vya_certificate LOGIN');
    await admin.close();

    const ca = path.join(certificates, 'ca.pem');
    const { query } = await postgresqlEngine.findPrograms(await versionOf(server), { PATH: server.binDir });
    const askedWith = async (changes: Partial<InstanceTarget>): Promise<string> => {
      const reach = {
        target: targetOf(server, changes),
        encrypted: true,
        applicationName: 'vya',
        sessionOptions: { client: '', load: '' },
      };
      const sql = 'SELECT session_user FROM pg_stat_ssl WHERE ssl AND pid = pg_backend_pid()';
      return (
        await capture(clientCommand(reach, query, ['-XAtq', '-c', sql], { database: 'postgres' }))
      ).stdout.trim();
    };
    const own = { mode: 'verify-full', ca, cert: path.join(certificates, 'client.pem'), key } as const;
    expect(await askedWith({ user: 'vya_certificate', password: undefined, tls: own })).toBe(
      'vya_certificate',
    );
    await expect(
      askedWith({ user: 'vya_certificate', password: undefined, tls: { mode: 'require' } }),
    ).rejects.toThrow(/certificate/);
  });
});

async function versionOf(server: TestServer) {
  return (await open(server)).server;
}

test('a password that no line can hold is refused before it is cut short (F36)', () => {
  const server = { type: 'postgresql', host: 'h', port: 1, admin: { user: 'u', password: '' } } as const;
  for (const password of ['two\nlines', 'ends with return\r', 'nul\0']) {
    expect(() => passFile(targetOf(server, { password }))).toThrow(
      expect.objectContaining({ kind: 'credentials' }) as Error,
    );
  }
});
