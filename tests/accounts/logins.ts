import { glob } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect } from 'vitest';
import { capture } from '../../src/exec/capture.ts';
import { connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import type { Login, Zoo } from './zoo.ts';

/** Every account of the zoo logs in with its old password, may do what it may, and may not do what it must not. */
export async function expectLogins(server: TestServer, { logins, shut }: Zoo): Promise<void> {
  for (const login of logins) {
    await ask(server, login, login.may);
    await expect(ask(server, login, login.mayNot), `${login.user}: ${login.mayNot}`).rejects.toThrow();
    const wrong = { user: login.user, password: `${login.password}x` };
    await expect(ask(server, wrong, 'SELECT 1'), `${login.user} with a wrong password`).rejects.toThrow();
  }
  for (const login of shut) await expect(ask(server, login, 'SELECT 1'), login.user).rejects.toThrow();
}

/** MySQL's and MariaDB's own client, because the driver does not know every plugin. */
async function ask(server: TestServer, login: Pick<Login, 'user' | 'password'>, sql: string): Promise<void> {
  const { user, password } = login;
  if (server.type === 'postgresql') {
    const connection = await connect(server, undefined, { user, password });
    try {
      await connection.query(sql);
    } finally {
      await connection.close();
    }
    return;
  }
  const { host, port, binDir } = server;
  const client = server.kind.startsWith('mariadb') ? 'mariadb' : 'mysql';
  await capture({
    file: `${binDir}/${client}`,
    args: [
      '--no-defaults',
      `--host=${host}`,
      `--port=${port}`,
      '--protocol=tcp',
      `--user=${user}`,
      '--default-character-set=utf8mb4',
      ...(client === 'mysql' ? ['--get-server-public-key'] : await pluginFolder(binDir)),
      `--execute=${sql}`,
    ],
    env: { MYSQL_PWD: password, PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' },
  });
}

/** Where the unpacked client's own plugins are: it looks for them where a package would have put them. */
async function pluginFolder(binDir: string): Promise<string[]> {
  for await (const file of glob(`${dirname(binDir)}/usr/lib/**/client_ed25519.so`)) {
    return [`--plugin-dir=${dirname(file)}`];
  }
  return [];
}
