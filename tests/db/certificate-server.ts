import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { vi } from 'vitest';
import { connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { startServer } from '../servers/servers.ts';

export const certificates = path.join(import.meta.dirname, '../fixtures/tls');

const names = ['server', 'expired', 'selfsigned', 'elsewhere'] as const;

/** The certificate of `fixtures/tls` that a server shows; `nothing`: it has no TLS. */
export type Shown = (typeof names)[number] | 'nothing';

export const allShown: readonly Shown[] = [...names, 'nothing'];

/** A server that shows another certificate whenever it is told to. Stop it after use. */
export interface CertificateServer {
  show(shown: Shown): Promise<TestServer>;
  stop(): Promise<void>;
}

export const certificateServers = {
  'mysql-9.7': () => oneByOne('mysql-9.7'),
  'mariadb-10.11': () => oneByOne('mariadb-10.11'),
  'postgresql-18': postgresqlServer,
} satisfies Record<string, () => CertificateServer>;

/** MySQL takes no expired certificate while it runs, and MariaDB only reads the same files anew: each gets a server of its own. */
function oneByOne(kind: 'mysql-9.7' | 'mariadb-10.11'): CertificateServer {
  const withoutTls = kind === 'mysql-9.7' ? ['--tls-version='] : [];
  let server: TestServer | undefined;
  return {
    async show(shown) {
      await server?.stop();
      const settings = [`--ssl-cert={files}/${shown}.pem`, `--ssl-key={files}/${shown}.key`];
      server = await start(kind, shown === 'nothing' ? withoutTls : settings);
      return server;
    },
    stop: async () => await server?.stop(),
  };
}

function postgresqlServer(): CertificateServer {
  let server: TestServer | undefined;
  return {
    async show(shown) {
      const running = (server ??= await start('postgresql-18', ['-c', 'vya.files={files}']));
      const ask = async (sql: string): Promise<string> => {
        const connection = await connect(running);
        const [row] = await connection.query<{ answer: string }>(sql);
        await connection.close();
        return row?.answer ?? '';
      };
      const folder = await ask("SELECT current_setting('vya.files') AS answer");
      const wanted =
        shown === 'nothing'
          ? { ssl: 'off' }
          : { ssl_cert_file: `${folder}/${shown}.pem`, ssl_key_file: `${folder}/${shown}.key`, ssl: 'on' };
      for (const [name, value] of Object.entries(wanted)) await ask(`ALTER SYSTEM SET ${name} TO '${value}'`);
      await ask('SELECT pg_reload_conf()');
      // A new session has what the server has read by then.
      for (const [name, value] of Object.entries(wanted)) {
        const now = () => ask(`SELECT current_setting('${name}') AS answer`);
        await vi.waitUntil(async () => (await now()) === value, { timeout: 60_000, interval: 100 });
      }
      return running;
    },
    stop: async () => await server?.stop(),
  };
}

async function start(kind: Parameters<typeof startServer>[0], args: string[]): Promise<TestServer> {
  const files: Record<string, string> = {};
  for (const file of names.flatMap((name) => [`${name}.pem`, `${name}.key`])) {
    files[file] = await readFile(path.join(certificates, file), 'utf8');
  }
  return await startServer(kind, { files, args });
}
