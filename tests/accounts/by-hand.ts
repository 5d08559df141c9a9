import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { TestServer } from '../servers/server.ts';
import { pathWith } from '../servers/servers.ts';

/** Loads an accounts backup with the server's own client, as the README says; the first error ends it. */
export async function loadByHand(server: TestServer, directory: string): Promise<void> {
  const { host, port, admin } = server;
  const client = server.kind.startsWith('mariadb') ? 'mariadb' : 'mysql';
  const script =
    server.type === 'mysql'
      ? `zstd -dc accounts_*.sql.zst | ${client} --no-defaults --binary-mode --host=${host} --port=${port} --protocol=tcp --user=${admin.user}`
      : `zstd -dc accounts_*.sql.zst | psql -X --quiet --set ON_ERROR_STOP=1 --dbname postgres`;
  await promisify(execFile)('sh', ['-c', script], {
    cwd: directory,
    env: {
      PATH: await pathWith(server),
      LC_ALL: 'C.UTF-8',
      MYSQL_PWD: admin.password,
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: admin.user,
      PGPASSWORD: admin.password,
    },
  });
}
