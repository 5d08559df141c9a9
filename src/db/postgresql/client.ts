import type { Command } from '../../exec/command.ts';
import type { InstanceTarget } from '../../model/instance.ts';
import type { ClientProgram } from '../client-program.ts';
import { postgresqlHost } from '../drivers/postgresql.ts';
import { certificateCheck, systemCertificates } from '../tls.ts';
import { passFile } from './pass-file.ts';
import type { SessionOptions } from './server-info.ts';

/** A server as the client programs reach it: with the same encryption that vya's own session has. */
export interface Reach {
  target: InstanceTarget;
  encrypted: boolean;
  /** By which the server knows this run's client programs. */
  applicationName: string;
  /** What their sessions must not take from a role's, a database's or the server's settings. */
  sessionOptions: SessionOptions;
}

/**
 * A client program that connects to one database. The name goes through PGDATABASE, which is never read as a connection string (F34),
 * and the password through a file. Nothing of the caller's own environment and home is seen by the program (F3).
 */
export function clientCommand(
  { target, encrypted, applicationName, sessionOptions }: Reach,
  program: ClientProgram,
  args: readonly string[],
  extra: { database?: string; options?: string; applicationName?: string } = {},
): Command {
  const { host, port } = postgresqlHost(target.endpoint);
  return {
    file: program.path,
    args: [...args, '--no-password'],
    env: {
      ...baseEnvironment,
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: target.user,
      PGAPPNAME: extra.applicationName ?? applicationName,
      PGOPTIONS: [sessionOptions.client, extra.options].filter(Boolean).join(' '),
      // libpq takes 1 for 2.
      PGCONNECT_TIMEOUT: String(Math.max(2, Math.ceil(target.connectTimeoutMs / 1000))),
      PGGSSENCMODE: 'disable',
      ...tlsEnvironment(target, encrypted),
      ...(extra.database !== undefined && { PGDATABASE: extra.database }),
    },
    secretFile: passFile(target),
  };
}

/** HOME is a place that does not exist: ~/.pgpass, ~/.psqlrc and ~/.postgresql have no say. */
export const baseEnvironment = { PATH: '/usr/bin:/bin', HOME: '/nonexistent', LC_ALL: 'C.UTF-8' };

/**
 * `prefer` has been settled by vya's own session, so that both are encrypted or neither is. libpq checks the chain whenever it
 * has a root certificate; it gets one only where the chain is to be checked.
 */
function tlsEnvironment(target: InstanceTarget, encrypted: boolean): Record<string, string> {
  if (!encrypted) return { PGSSLMODE: 'disable' };
  const { ca, cert, key } = target.tls;
  const check = certificateCheck(target.tls);
  const mode = { none: 'require', chain: 'verify-ca', name: 'verify-full' }[check];
  return {
    PGSSLMODE: mode,
    ...(check !== 'none' && { PGSSLROOTCERT: ca ?? systemCertificates() ?? 'system' }),
    ...(cert !== undefined && { PGSSLCERT: cert }),
    ...(key !== undefined && { PGSSLKEY: key }),
  };
}

/** A connection string that names one database, for the programs that read their `--dbname` as one (libpq, "Keyword/Value Connection Strings"). */
export function databaseArgument(name: string): string {
  return `dbname='${name.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}
