import tls, { type TLSSocket } from 'node:tls';
import dialect from 'knex/lib/dialects/mysql2/index.js';
import mysql, { type Connection, type ConnectionOptions } from 'mysql2';
import type { InstanceTarget } from '../../model/instance.ts';
import { certificateCheck, driverTls, isAddress } from '../tls.ts';
import type { Driver } from './driver.ts';

/** mysql2's connection with the parts that its types leave out. */
interface RawConnection extends Connection {
  stream: TLSSocket;
  startTLS(onSecure: (error?: Error) => void): void;
  _command?: { handshake?: { serverVersion?: string } };
}

interface Settings extends ConnectionOptions {
  /** What the certificate has to name besides what mysql2 checks; `mariadbOnly`: of a MariaDB server. */
  vyaName?: { host: string; mariadbOnly: boolean };
}

/** How mysql2 reaches a server. */
export const mysqlDriver: Driver<RawConnection> = {
  dialect,
  connection: mysqlConnection,
  prepare: prepareSession,
  run,
  isEncrypted: (connection) => Boolean(connection.stream.encrypted),
  // mysql2's own destroy() waits for the answer to a running query.
  drop: (connection) => connection.stream.destroy(),
  saysNoTls: (error) => (error as { code?: string }).code === 'HANDSHAKE_NO_SSL_SUPPORT',
  open: openConnection,
};

async function mysqlConnection(
  target: InstanceTarget,
  database: string | undefined,
  encrypt: boolean,
): Promise<Settings> {
  const { endpoint } = target;
  const check = certificateCheck(target.tls);
  const host = 'host' in endpoint ? endpoint.host : 'localhost';
  return {
    ...('socket' in endpoint
      ? { socketPath: endpoint.socket }
      : { host: endpoint.host, port: endpoint.port, enableKeepAlive: true }),
    user: target.user,
    ...(target.password !== undefined && { password: target.password }),
    ...(database !== undefined && { database }),
    charset: 'utf8mb4',
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    connectTimeout: target.connectTimeoutMs,
    ...(encrypt && {
      ssl: { ...(await driverTls(target)), verifyIdentity: check === 'name' && !isAddress(host) },
      ...(check !== 'none' && { vyaName: { host, mariadbOnly: check === 'chain' } }),
    }),
  };
}

/**
 * mysql2 checks a server that is reached by its IP address against the name `localhost`. Here the certificate's IP entries are
 * checked instead, after the handshake and before the first byte of the login. MariaDB's client programs check the name whenever they
 * check the authority: where they will refuse the server, the session does so first, and says why.
 */
function openConnection(settings: object): RawConnection {
  // Named, because knex hides it from copies.
  const { vyaName: name, password, ...rest } = settings as Settings;
  // A copy of its own for each connection: mysql2 resumes TLS sessions per object, and a resumed one shows no certificate.
  const connection = mysql.createConnection({
    ...rest,
    ...(password !== undefined && { password }),
    ...(typeof rest.ssl === 'object' && { ssl: { ...rest.ssl } }),
  }) as RawConnection;
  if (name !== undefined) {
    const start = connection.startTLS.bind(connection);
    connection.startTLS = (onSecure) => {
      const counts =
        !name.mariadbOnly || /mariadb/i.test(connection._command?.handshake?.serverVersion ?? '');
      start((error) =>
        onSecure(
          error ??
            (counts ? tls.checkServerIdentity(name.host, connection.stream.getPeerCertificate()) : undefined),
        ),
      );
    };
  }
  return connection;
}

function prepareSession(target: InstanceTarget): readonly string[] {
  const seconds = Math.max(1, Math.round(target.lockWaitSeconds));
  // An empty sql_mode, because ANSI_QUOTES and NO_BACKSLASH_ESCAPES change how values are quoted.
  return [
    `SET SESSION sql_mode = '', lock_wait_timeout = ${seconds}, innodb_lock_wait_timeout = ${seconds},
       wait_timeout = 28800, net_write_timeout = 600
       /*!50708 , max_execution_time = 0 */ /*M!100100 , max_statement_time = 0 */`,
  ];
}

function run(connection: Connection, sql: string): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.query(sql, (error) => (error ? reject(error) : resolve()));
  });
}
