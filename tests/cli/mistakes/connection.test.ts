import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestServer } from '../../servers/server.ts';
import { connect } from '../../servers/connect.ts';
import { serverIsMissing, sharedServer } from '../../servers/servers.ts';
import { workspace, type Workspace } from '../vya.ts';
import { reported, type Told } from './told.ts';

const host = '127.0.0.1';
const withoutMariadb = await serverIsMissing('mariadb-10.11');
const withoutPostgresql = await serverIsMissing('postgresql-18');

describe.skipIf(withoutPostgresql)('a server of PostgreSQL that is not there', () => {
  const spaces: Workspace[] = [];
  let server: TestServer;
  beforeAll(async () => {
    server = await sharedServer('postgresql-18');
  });
  afterAll(() => Promise.all(spaces.map((space) => space.remove())));

  const check = async (instance: object): Promise<Told> => {
    const space = await workspace({
      instances: [{ id: 'pg', server, settings: { connect_retries: 0, user: 'backup', ...instance } }],
    });
    spaces.push(space);
    return reported(await space.vya(['check'], { measured: false }), 'pg');
  };

  test('nobody listens on the port', async () => {
    const port = await closedPort();
    expect(await check({ port })).toEqual({
      code: 6,
      message: `cannot connect to ${host}:${port}: connection refused: no server listens there`,
      hint: `Start the server (systemctl start postgresql), or correct port of pg in the configuration: ss -ltn lists the ports that are listened on.
host is TCP, localhost too: for a server that listens on a Unix socket alone, set socket instead.`,
    });
  });

  test('the socket is missing', async () => {
    expect(await check({ host: undefined, socket: '/nonexistent', port: 5433 })).toEqual({
      code: 6,
      message: 'cannot connect to /nonexistent: there is no socket /nonexistent/.s.PGSQL.5433',
      hint: 'Start the server (systemctl start postgresql), or correct socket and port of pg in the configuration: ss -lx lists the sockets that are there.',
    });
  });

  test('the name of the host is misspelt', async () => {
    expect(await check({ host: 'db1.invalid', port: 5432 })).toEqual({
      code: 6,
      message: 'cannot connect to db1.invalid:5432: the host name db1.invalid cannot be resolved',
      hint: 'Correct host of pg in the configuration; getent hosts db1.invalid tries a name.',
    });
  });

  test('nobody answers', async () => {
    const silent = createServer();
    const port = await new Promise<number>((resolve) =>
      silent.listen(0, host, () => resolve((silent.address() as AddressInfo).port)),
    );
    expect(await check({ port, connect_timeout: 1 })).toEqual({
      code: 6,
      message: `cannot connect to ${host}:${port}: no answer within 1 s`,
      hint: 'Check host and port of pg, the firewall between, and that the server is not overloaded.',
    });
    silent.close();
  });

  test.skipIf(withoutMariadb)('MariaDB has the port', async () => {
    const { port } = await sharedServer('mariadb-10.11');
    expect(await check({ port })).toEqual({
      code: 6,
      message: expect.stringMatching(
        `^cannot connect to ${host}:${port}: MariaDB 10\\.11\\.\\d+ answers there, not PostgreSQL$`,
      ) as string,
      hint: 'Set type: mysql for pg in the configuration, or correct its port (that of PostgreSQL is 5432 as a rule).',
    });
  });

  test('TLS is asked for, and the server has none', async () => {
    expect(await check({ ssl: { mode: 'require' } })).toEqual({
      code: 6,
      message: `cannot connect to ${host}:${server.port}: ssl.mode require was asked for, and the server offers no TLS`,
      hint: 'Turn TLS on in the server, or accept an unencrypted connection with ssl.mode: prefer.',
    });
  });

  test('it has no connection left', async () => {
    const admin = await connect(server);
    await admin.script(
      `DROP ROLE IF EXISTS vya_crowd; CREATE ROLE vya_crowd LOGIN PASSWORD 'crowd' CONNECTION LIMIT 0`,
    );
    const space = await workspace({
      instances: [
        {
          id: 'pg',
          server,
          login: { user: 'vya_crowd', password: 'crowd' },
          settings: { connect_retries: 0 },
        },
      ],
    });
    spaces.push(space);
    expect(reported(await space.vya(['check'], { measured: false }), 'pg')).toEqual({
      code: 6,
      message: `cannot connect to ${host}:${server.port}: the server has no connection left: too many connections for role "vya_crowd"`,
      hint: 'Try again later, or raise max_connections of the server (or the limit of the account).',
    });
    await admin.script('DROP ROLE vya_crowd');
    await admin.close();
  });
});

describe.skipIf(await serverIsMissing('mysql-9.7'))('a server of MySQL that is not there', () => {
  let server: TestServer;
  const spaces: Workspace[] = [];
  beforeAll(async () => {
    server = await sharedServer('mysql-9.7');
  });
  afterAll(() => Promise.all(spaces.map((space) => space.remove())));

  const check = async (instance: object): Promise<Told> => {
    const space = await workspace({
      instances: [{ id: 'my', server, settings: { connect_retries: 0, user: 'backup', ...instance } }],
    });
    spaces.push(space);
    return reported(await space.vya(['check'], { measured: false }), 'my');
  };

  test('nobody listens on the port', async () => {
    const port = await closedPort();
    expect(await check({ port })).toEqual({
      code: 6,
      message: `cannot connect to ${host}:${port}: connection refused: no server listens there`,
      hint: `Start the server (systemctl start mariadb, or mysql), or correct port of my in the configuration: ss -ltn lists the ports that are listened on.
host is TCP, localhost too: for a server that listens on a Unix socket alone, set socket instead.`,
    });
  });

  test('the socket is missing', async () => {
    expect(await check({ host: undefined, socket: '/nonexistent/mysqld.sock' })).toEqual({
      code: 6,
      message: 'cannot connect to /nonexistent/mysqld.sock: there is no socket /nonexistent/mysqld.sock',
      hint: 'Start the server (systemctl start mariadb, or mysql), or correct socket of my in the configuration: ss -lx lists the sockets that are there.',
    });
  });

  test.skipIf(withoutPostgresql)('PostgreSQL has the port', async () => {
    const { port } = await sharedServer('postgresql-18');
    expect(await check({ port, connect_timeout: 2 })).toEqual({
      code: 6,
      message: `cannot connect to ${host}:${port}: PostgreSQL answers there, not MySQL or MariaDB`,
      hint: 'Set type: postgresql for my in the configuration, or correct its port (that of MySQL or MariaDB is 3306 as a rule).',
    });
  });

  test('its certificate is of an authority that is not trusted', async () => {
    const ca = new URL('../../fixtures/tls/selfsigned.pem', import.meta.url).pathname;
    const told = await check({ ssl: { mode: 'verify-ca', ca } });
    expect(told).toMatchObject({
      code: 6,
      message: expect.stringMatching(
        `^cannot connect to ${host}:${server.port}: the TLS certificate of the server is not trusted \\(.+\\)$`,
      ) as string,
      hint: 'Set ssl.ca to the certificate of the authority that signed it.',
    });
  });
});

/** A port on which nobody listens: one that was had, and given back. */
async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, host, () => resolve((server.address() as AddressInfo).port)),
  );
  await new Promise((resolve) => server.close(resolve));
  return port;
}
