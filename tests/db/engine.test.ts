import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openKnex } from '../../src/db/engine.ts';
import type { VyaError } from '../../src/errors.ts';
import type { InstanceTarget, TlsSettings } from '../../src/model/instance.ts';
import { connect } from '../servers/connect.ts';
import type { ServerKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, sharedServer, startServer } from '../servers/servers.ts';
import { unique } from './postgresql/rich-database.ts';
import { targetOf } from './target.ts';

const certificates = path.join(import.meta.dirname, '../fixtures/tls');
const ca = path.join(certificates, 'ca.pem');
const otherCa = path.join(certificates, 'other.pem');
const signal = new AbortController().signal;

/** Logs in and tells whether the server itself says that the session is encrypted. */
async function login(
  target: InstanceTarget,
  database?: string,
): Promise<{ encrypted: boolean; user: string }> {
  const { knex, encrypted } = await openKnex(target, { signal, ...(database !== undefined && { database }) });
  try {
    if (target.type === 'postgresql') {
      const { rows } = await knex.raw<{ rows: { ssl: boolean; user: string }[] }>(
        'SELECT ssl, session_user AS user FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
      );
      expect(rows[0]?.ssl).toBe(encrypted);
      return { encrypted, user: rows[0]?.user ?? '' };
    }
    const [ciphers] = await knex.raw<[{ Value: string }[], unknown]>(`SHOW SESSION STATUS LIKE 'Ssl_cipher'`);
    expect(ciphers[0]?.Value !== '').toBe(encrypted);
    const [users] = await knex.raw<[{ user: string }[], unknown]>('SELECT CURRENT_USER() AS user');
    return { encrypted, user: users[0]?.user ?? '' };
  } finally {
    await knex.destroy();
  }
}

/** A server that shows one of the certificates of `fixtures/tls`. It ends with the test. */
async function serverWith(
  kind: ServerKind,
  certificate: 'server' | 'elsewhere' | 'expired',
): Promise<TestServer> {
  const files: Record<string, string> = {
    'pg_hba.conf':
      'local all all scram-sha-256\nhostssl all vya_certificate all cert\nhost all all all scram-sha-256\n',
  };
  for (const file of ['ca.pem', `${certificate}.pem`, `${certificate}.key`]) {
    files[file] = await readFile(path.join(certificates, file), 'utf8');
  }
  const settings = { ca: 'ca.pem', cert: `${certificate}.pem`, key: `${certificate}.key` };
  const args = kind.startsWith('postgresql')
    ? [
        '-c',
        'ssl=on',
        '-c',
        'hba_file={files}/pg_hba.conf',
        ...Object.entries(settings).flatMap(([name, file]) => ['-c', `ssl_${name}_file={files}/${file}`]),
      ]
    : Object.entries(settings).map(([name, file]) => `--ssl-${name}={files}/${file}`);
  const server = await startServer(kind, { args, files });
  onTestFinished(() => server.stop());
  return server;
}

function refusal(message: RegExp) {
  return {
    kind: 'connection',
    message: expect.stringMatching(message) as string,
    hint: expect.stringMatching(/\w/) as string,
  };
}

const kinds = ['mysql-9.7', 'mariadb-10.11', 'postgresql-15', 'postgresql-18'] as const;
const missing = new Map(
  await Promise.all(kinds.map(async (kind) => [kind, await serverIsMissing(kind)] as const)),
);

describe.each(kinds)('TLS with %s', (kind) => {
  test.skipIf(missing.get(kind))('is as strict as each mode says, by name and by address (F12)', async () => {
    const server = await serverWith(kind, 'server');
    const byName = { endpoint: { host: 'localhost', port: server.port } };
    const encryptedWith = async (tls: TlsSettings, changes: Partial<InstanceTarget> = {}) =>
      (await login(targetOf(server, { tls, ...changes }))).encrypted;
    expect(await encryptedWith({ mode: 'disable' })).toBe(false);
    expect(await encryptedWith({ mode: 'prefer' })).toBe(true);
    expect(await encryptedWith({ mode: 'prefer', ca: otherCa })).toBe(true);
    expect(await encryptedWith({ mode: 'require' })).toBe(true);
    expect(await encryptedWith({ mode: 'verify-ca', ca })).toBe(true);
    expect(await encryptedWith({ mode: 'verify-full', ca })).toBe(true);
    expect(await encryptedWith({ mode: 'verify-full', ca }, byName)).toBe(true);
    const untrusted = refusal(
      /^shop: cannot connect to 127\.0\.0\.1:\d+: the TLS certificate of the server is not trusted/,
    );
    for (const tls of [
      { mode: 'require', ca: otherCa },
      { mode: 'verify-ca', ca: otherCa },
      { mode: 'verify-full', ca: otherCa },
      { mode: 'verify-ca' },
    ] as const) {
      await expect(login(targetOf(server, { tls }))).rejects.toMatchObject(untrusted);
    }
  });

  test.skipIf(missing.get(kind))('lets an account in by its certificate alone', async () => {
    const server = await serverWith(kind, 'server');
    const admin = await connect(server);
    await admin.query(
      server.type === 'mysql'
        ? `CREATE USER vya_certificate@'%' REQUIRE X509`
        : 'CREATE ROLE vya_certificate LOGIN',
    );
    await admin.close();
    const { password: _, ...target } = targetOf(server, { user: 'vya_certificate' });
    const own = { cert: path.join(certificates, 'client.pem'), key: path.join(certificates, 'client.key') };
    const { user } = await login({ ...target, tls: { mode: 'verify-full', ca, ...own } });
    expect(user).toMatch(/^vya_certificate/);
    await expect(login({ ...target, tls: { mode: 'require' } })).rejects.toMatchObject(
      refusal(/vya_certificate/),
    );
  });

  test.skipIf(missing.get(kind))(
    'tells a certificate for another name from one that has expired',
    async () => {
      const elsewhere = await serverWith(kind, 'elsewhere');
      const strict = { tls: { mode: 'verify-full', ca } } as const;
      const wrongName = refusal(
        /the TLS certificate of the server is for another name: .*(localhost|127\.0\.0\.1)/,
      );
      await expect(login(targetOf(elsewhere, strict))).rejects.toMatchObject(wrongName);
      const byName = { ...strict, endpoint: { host: 'localhost', port: elsewhere.port } };
      await expect(login(targetOf(elsewhere, byName))).rejects.toMatchObject(wrongName);
      const chainOnly = login(targetOf(elsewhere, { tls: { mode: 'verify-ca', ca } }));
      // MariaDB's client programs check the name whenever they check the chain, and the session refuses before they do.
      if (kind === 'mariadb-10.11') await expect(chainOnly).rejects.toMatchObject(wrongName);
      else expect((await chainOnly).encrypted).toBe(true);

      const expired = await serverWith(kind, 'expired');
      const late = refusal(/the TLS certificate of the server has expired$/);
      await expect(login(targetOf(expired, { tls: { mode: 'verify-ca', ca } }))).rejects.toMatchObject(late);
      await expect(login(targetOf(expired, strict))).rejects.toMatchObject(late);
      expect((await login(targetOf(expired, { tls: { mode: 'require' } }))).encrypted).toBe(true);
    },
  );
});

describe.each(['mariadb-10.11', 'postgresql-18'] as const)('%s without TLS', (kind) => {
  test.skipIf(missing.get(kind))(
    'is used in clear with prefer, and refused with anything stricter (F12)',
    async () => {
      const server = await sharedServer(kind);
      expect((await login(targetOf(server))).encrypted).toBe(false);
      for (const mode of ['require', 'verify-ca', 'verify-full'] as const) {
        await expect(login(targetOf(server, { tls: { mode, ca } }))).rejects.toMatchObject(
          refusal(new RegExp(`ssl\\.mode ${mode} was asked for, and the server offers no TLS`)),
        );
      }
    },
  );

  test.skipIf(missing.get(kind))('names a certificate file that cannot be read', async () => {
    const tls = { mode: 'verify-full', ca: '/nonexistent/ca.pem' } as const;
    await expect(login(targetOf(await sharedServer(kind), { tls }))).rejects.toMatchObject({
      kind: 'configuration',
      message: 'shop: ssl.ca cannot be read: /nonexistent/ca.pem',
    });
  });
});

describe.each(kinds)('a connection to %s', (kind) => {
  test.skipIf(missing.get(kind))(
    'fails in plain words, with the instance, the endpoint and a hint',
    async () => {
      const server = await sharedServer(kind);
      const at = `^shop: cannot connect to 127\\.0\\.0\\.1:${server.port}: `;
      const nothing = await closedPort();
      const silent = await silentPort();
      const cases: [Partial<InstanceTarget>, RegExp][] = [
        [{ password: 'wrong' }, new RegExp(`${at}access denied for user ${server.admin.user}: `)],
        [{ user: 'nobody_there' }, new RegExp(`${at}access denied for user nobody_there: `)],
        [
          { endpoint: { host: '127.0.0.1', port: nothing } },
          new RegExp(`:${nothing}: connection refused: no server listens there$`),
        ],
        [
          { endpoint: { host: 'no-such-host.invalid', port: 1 } },
          /: the host name no-such-host\.invalid cannot be resolved$/,
        ],
        [
          { endpoint: { host: '127.0.0.1', port: silent }, connectTimeoutMs: 300 },
          /: no answer within 0\.3 s$/,
        ],
        [
          { endpoint: { socket: '/nonexistent/socket', port: 1 } },
          /^shop: cannot connect to \/nonexistent\/socket: there is no socket \/nonexistent\/socket/,
        ],
      ];
      for (const [changes, message] of cases) {
        await expect(login(targetOf(server, changes))).rejects.toMatchObject(refusal(message));
      }
      await expect(login(targetOf(server, { user: "o'neil s" }))).rejects.toMatchObject({
        hint: expect.stringContaining(
          String.raw`Store another password: vya credentials set shop --username 'o'\''neil s'`,
        ) as string,
      });
      await expect(login(targetOf(server), 'no_such_database')).rejects.toMatchObject(
        refusal(new RegExp(`${at}there is no database no_such_database$`)),
      );
    },
  );

  test.skipIf(missing.get(kind))('never shows the password in what it says', async () => {
    const password = unique('SeCreT');
    const error = await login(targetOf(await sharedServer(kind), { password })).catch(
      (reason: unknown) => reason as Error,
    );
    expect(error).toBeInstanceOf(Error);
    expect(JSON.stringify([error, (error as Error).message, (error as Error).stack])).not.toContain(password);
  });

  test.skipIf(missing.get(kind))('is told from one to the other kind of server', async () => {
    const server = await sharedServer(kind);
    const type = server.type === 'mysql' ? 'postgresql' : 'mysql';
    const expected =
      type === 'postgresql'
        ? /: (MySQL|MariaDB) \d+\.\d+\.\d+ answers there, not PostgreSQL$/
        : /: PostgreSQL answers there, not MySQL or MariaDB$/;
    const target = targetOf(server, { type, connectTimeoutMs: 1_000 });
    await expect(login(target)).rejects.toMatchObject(refusal(expected));
  });

  test.skipIf(missing.get(kind))('is cut off in the middle of a query when the signal fires', async () => {
    const server = await sharedServer(kind);
    const abort = new AbortController();
    const { knex } = await openKnex(targetOf(server), { signal: abort.signal });
    onTestFinished(() => knex.destroy());
    const sleep = server.type === 'mysql' ? 'SELECT SLEEP(60)' : 'SELECT pg_sleep(60)';
    // The first is running by then, the second has not been sent.
    const first = knex.raw(sleep).then(() => 'done');
    await expect.poll(() => sleepers(server), { timeout: 30_000 }).toBeGreaterThan(0);
    const both = Promise.allSettled([first, knex.raw(sleep).then(() => 'done')]);
    abort.abort(new Error('the operator has had enough'));
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(openKnex(targetOf(server), { signal: abort.signal })).rejects.toThrow(
      'the operator has had enough',
    );
  });

  test.skipIf(missing.get(kind))('reaches it over its Unix socket, unencrypted with prefer', async () => {
    const server = await sharedServer(kind);
    // A server in a container has no socket here.
    const endpoint =
      server.socket === ''
        ? { host: server.host, port: server.port }
        : { socket: server.socket, port: server.port };
    const { encrypted } = await login(
      targetOf(server, { endpoint, tls: { mode: server.socket === '' ? 'disable' : 'prefer' } }),
    );
    expect(encrypted).toBe(false);
  });
});

test.skipIf(missing.get('postgresql-18'))(
  "a role's own limits do not count in vya's sessions (F7)",
  async () => {
    const server = await sharedServer('postgresql-18');
    const role = unique('limited');
    const admin = await connect(server);
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
    onTestFinished(async () => {
      await admin.query(`DROP ROLE ${role}`);
      await admin.close();
    });
    const limits = [
      'statement_timeout',
      'idle_in_transaction_session_timeout',
      'idle_session_timeout',
      'transaction_timeout',
      'lock_timeout',
    ];
    for (const limit of limits) await admin.query(`ALTER ROLE ${role} SET ${limit} TO '7s'`);
    await admin.query(`ALTER ROLE ${role} SET default_transaction_read_only TO on`);
    const { knex } = await openKnex(targetOf(server, { user: role, password: 'x' }), {
      signal,
      sessionStatements: [`SET work_mem TO '9MB'`],
    });
    onTestFinished(() => knex.destroy());
    const { rows } = await knex.raw<{ rows: { name: string; value: string }[] }>(
      `SELECT name, current_setting(name) AS value FROM unnest(ARRAY['${limits.join(`','`)}', 'default_transaction_read_only', 'application_name', 'work_mem']) AS name`,
    );
    expect(Object.fromEntries(rows.map(({ name, value }) => [name, value]))).toEqual({
      ...Object.fromEntries(limits.map((limit) => [limit, '0'])),
      lock_timeout: '5s',
      default_transaction_read_only: 'off',
      application_name: 'vya',
      work_mem: '9MB',
    });
  },
);

test.skipIf(missing.get('postgresql-15'))(
  'an account that may not use a database is told which statement opens it',
  async () => {
    const server = await sharedServer('postgresql-15');
    const name = unique('closed "one"');
    const id = `"${name.replaceAll('"', '""')}"`;
    const admin = await connect(server);
    await admin.query(`CREATE ROLE ${id} LOGIN PASSWORD 'x'`);
    await admin.query(`CREATE DATABASE ${id}`);
    await admin.query(`REVOKE CONNECT ON DATABASE ${id} FROM PUBLIC`);
    onTestFinished(async () => {
      await admin.query(`DROP DATABASE ${id} WITH (FORCE)`);
      await admin.query(`DROP ROLE ${id}`);
      await admin.close();
    });
    const target = targetOf(server, { user: name, password: 'x' });
    const error = await login(target, name).catch((reason: unknown) => reason as VyaError);
    expect(error).toMatchObject({ kind: 'privileges', message: expect.stringContaining(name) as string });
    await admin.query(/run: (.*)/.exec((error as VyaError).hint ?? '')?.[1] ?? 'no statement');
    expect((await login(target, name)).user).toBe(name);
  },
);

test.skipIf(missing.get('mysql-9.7'))(
  'a cold caching_sha2_password login works without TLS (F46)',
  async () => {
    const server = await sharedServer('mysql-9.7');
    const user = unique('sha2');
    const admin = await connect(server);
    await admin.query(`CREATE USER ${user}@'%' IDENTIFIED WITH caching_sha2_password BY 'p:w'`);
    onTestFinished(async () => {
      await admin.query(`DROP USER ${user}@'%'`);
      await admin.close();
    });
    const target = targetOf(server, { user, password: 'p:w', tls: { mode: 'disable' } });
    expect(await login(target)).toEqual({ encrypted: false, user: `${user}@%` });
    await admin.query(`ALTER USER ${user}@'%' ACCOUNT LOCK`);
    await expect(login(target)).rejects.toMatchObject(refusal(/the account is locked$/));
  },
);

test.skipIf(missing.get('mariadb-10.11'))(
  "MariaDB's ed25519 login is named as what the driver cannot do (F46)",
  async () => {
    const server = await startServer('mariadb-10.11', { args: ['--plugin-load-add=auth_ed25519'] });
    onTestFinished(() => server.stop());
    const admin = await connect(server);
    await admin.query(`CREATE USER ed@'%' IDENTIFIED VIA ed25519 USING PASSWORD('x')`);
    await admin.close();
    await expect(login(targetOf(server, { user: 'ed', password: 'x' }))).rejects.toMatchObject(
      refusal(/the account ed logs in by client_ed25519, which the driver \(mysql2\) cannot do$/),
    );
  },
);

/** How many sessions sleep in a query now. */
async function sleepers(server: TestServer): Promise<number> {
  const admin = await connect(server);
  const rows = await admin.query(
    server.type === 'mysql'
      ? `SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'`
      : `SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'`,
  );
  await admin.close();
  return rows.length;
}

/** A port that takes connections and never says a word. */
async function silentPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
