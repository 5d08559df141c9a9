import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../servers/connect.ts';
import type { TestServer } from '../../servers/server.ts';
import { serverIsMissing, sharedServer, startServer } from '../../servers/servers.ts';
import { workspace, type Workspace, type WorkspaceInstance } from '../vya.ts';
import { reported, type Told } from './told.ts';

const spaces: Workspace[] = [];
afterAll(() => Promise.all(spaces.map((space) => space.remove())));

/** What `check` says of an instance `db`. */
async function check(instance: Omit<WorkspaceInstance, 'id'>): Promise<Told> {
  const settings = { connect_retries: 0, ...instance.settings };
  const space = await workspace({ instances: [{ id: 'db', ...instance, settings }] });
  spaces.push(space);
  return reported(await space.vya(['check'], { measured: false }), 'db');
}

describe.skipIf(await serverIsMissing('postgresql-18'))('logins that PostgreSQL refuses', () => {
  let server: TestServer;
  let at: string;
  beforeAll(async () => {
    const hba = `local  all  vya_peer  peer
local  all  vya_trust  trust
local  all  postgres  scram-sha-256
host   all  postgres  127.0.0.1/32  scram-sha-256
host   all  vya_other  127.0.0.1/32  scram-sha-256
`;
    server = await startServer('postgresql-18', {
      args: ['-c', 'hba_file={files}/pg_hba.conf'],
      files: { 'pg_hba.conf': hba },
    });
    at = `cannot connect to 127.0.0.1:${server.port}: `;
    const admin = await connect(server);
    await admin.script('CREATE ROLE vya_peer LOGIN; CREATE ROLE vya_away LOGIN');
    await admin.close();
  });
  afterAll(() => server.stop());

  test('a wrong password', async () => {
    expect(await check({ server, login: { user: 'postgres', password: 'wrong-word' } })).toEqual({
      code: 6,
      message: `${at}access denied for user postgres: the password is wrong, or there is no such role`,
      hint: 'Store another password: vya credentials set db --username postgres',
    });
  });

  test('a user that is not there, with the credential that was named', async () => {
    const space = await workspace({
      instances: [{ id: 'db', server, settings: { connect_retries: 0, credential: 'shared' } }],
    });
    spaces.push(space);
    await space.vya(['credentials', 'set', 'shared', '--username', 'vya_other'], { input: 'word\n' });
    expect(reported(await space.vya(['check'], { measured: false }), 'db')).toEqual({
      code: 6,
      message: `${at}access denied for user vya_other: the password is wrong, or there is no such role`,
      hint: 'Store another password: vya credentials set shared --username vya_other',
    });
  });

  test('no password where one is wanted', async () => {
    expect(await check({ server, settings: { user: 'postgres' } })).toEqual({
      code: 6,
      message: `${at}the server asks for a password for user postgres, and there is none`,
      hint: 'Take user out of db in the configuration, and store a password: vya credentials set db --username postgres',
    });
  });

  test('no line in pg_hba.conf', async () => {
    expect(await check({ server, settings: { user: 'vya_away' } })).toEqual({
      code: 6,
      message: `${at}access denied for user vya_away: no pg_hba.conf entry for host "127.0.0.1", user "vya_away", database "postgres", no encryption`,
      hint: `Let an administrator add this line to pg_hba.conf, then run SELECT pg_reload_conf();
host   all  vya_away  127.0.0.1/32  scram-sha-256`,
    });
  });

  test('another user of the system than peer authentication asks for', async () => {
    expect(await check({ server, socket: true, settings: { user: 'vya_peer' } })).toEqual({
      code: 6,
      message: `cannot connect to ${server.socket}: access denied for user vya_peer: Peer authentication failed for user "vya_peer"`,
      hint: "Run vya as the operating system's user vya_peer (sudo -u vya_peer vya …), or log in by a password: set host instead of socket, without user, and vya credentials set db --username vya_peer",
    });
  });

  test('a role that was never made', async () => {
    expect(await check({ server, socket: true, settings: { user: 'vya_trust' } })).toEqual({
      code: 6,
      message: `cannot connect to ${server.socket}: access denied for user vya_trust: there is no such role`,
      hint: 'Let an administrator run: CREATE ROLE "vya_trust" LOGIN; GRANT pg_read_all_data TO "vya_trust";',
    });
  });
});

describe.skipIf(await serverIsMissing('mariadb-10.11'))('logins that MariaDB refuses', () => {
  let server: TestServer;
  let at: string;
  const accounts = ['vya_peer@localhost', "vya_tls@'%'", "vya_busy@'%'", "vya_locked@'%'"];
  const script = async (sql: string): Promise<void> => {
    const admin = await connect(server);
    await admin.script(sql);
    await admin.close();
  };
  beforeAll(async () => {
    server = await sharedServer('mariadb-10.11');
    at = `cannot connect to 127.0.0.1:${server.port}: `;
    await script(`DROP USER IF EXISTS ${accounts.join(', ')};
      CREATE USER vya_peer@localhost IDENTIFIED VIA unix_socket;
      CREATE USER vya_tls@'%' IDENTIFIED BY 'word' REQUIRE SSL;
      CREATE USER vya_busy@'%' IDENTIFIED BY 'word' WITH MAX_USER_CONNECTIONS 1;
      CREATE USER vya_locked@'%' IDENTIFIED BY 'word' ACCOUNT LOCK;`);
  });
  afterAll(() => script(`DROP USER ${accounts.join(', ')}`));

  test('a wrong password', async () => {
    expect(await check({ server, login: { user: 'root', password: 'wrong-word' } })).toEqual({
      code: 6,
      message: expect.stringMatching(
        `^${at}access denied for user root: the password is wrong, or there is no such account for (localhost|127\\.0\\.0\\.1)$`,
      ) as string,
      hint: expect.stringMatching(
        /^Store another password: vya credentials set db --username root\nMySQL's accounts are of a user and the host that it comes from: CREATE USER 'root'@'(localhost|127\.0\.0\.1)' …$/,
      ) as string,
    });
  });

  test('an account that must use TLS, without it', async () => {
    const told = await check({
      server,
      login: { user: 'vya_tls', password: 'word' },
      settings: { ssl: { mode: 'disable' } },
    });
    expect(told.code).toBe(6);
    expect(told.message).toContain(
      'access denied for user vya_tls: the password is wrong, or there is no such account',
    );
    expect(told.hint).toMatch(/An account with REQUIRE SSL needs another ssl\.mode\.$/);
  });

  test('an account that is locked', async () => {
    expect(await check({ server, login: { user: 'vya_locked', password: 'word' } })).toEqual({
      code: 6,
      message: `${at}access denied for user vya_locked: the account is locked`,
      hint: 'Let an administrator unlock the account.',
    });
  });

  test('another user of the system than unix_socket asks for, as root has it on Debian', async () => {
    expect(await check({ server, socket: true, settings: { user: 'vya_peer' } })).toEqual({
      code: 6,
      message: `cannot connect to ${server.socket}: access denied for user vya_peer: the account logs in by the operating system user, through the Unix socket, and by no password`,
      hint: "Give vya an account of its own: CREATE USER backup@localhost IDENTIFIED BY '…'; or run it as the system's user vya_peer, with socket and user: vya_peer in the configuration.",
    });
  });

  test('an account with more connections than it may have', async () => {
    const login = { user: 'vya_busy', password: 'word' };
    const other = await connect({ ...server, admin: login });
    expect(await check({ server, login })).toEqual({
      code: 6,
      message: `${at}the server has no connection left: User 'vya_busy' has exceeded the 'max_user_connections' resource (current value: 1)`,
      hint: 'Try again later, or raise max_connections of the server (or the limit of the account).',
    });
    await other.close();
  });
});
