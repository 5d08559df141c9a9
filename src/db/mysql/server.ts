import type { Knex } from 'knex';
import type { Flavour } from '../../model/instance.ts';
import { parseVersion, type Version } from '../../model/version.ts';
import { VyaError } from '../../errors.ts';
import type { ServerInfo } from '../adapter.ts';
import { quoteAccount } from './names.ts';
import { attempt, rows } from './query.ts';

/**
 * The SQL expression that tells servers apart. The server's own id is copied with its data directory, so what two running
 * servers cannot share goes with it.
 */
export function identitySql({ flavour, version }: { flavour: Flavour; version: Version }): string {
  const hasServerUid =
    flavour === 'mariadb' && (version.major > 10 || (version.major === 10 && version.minor >= 11));
  const own = flavour === 'mysql' ? '@@server_uuid, ' : hasServerUid ? '@@server_uid, ' : '';
  return `SELECT SHA2(CONCAT_WS('|', ${own}@@server_id, @@hostname, @@port, @@datadir, @@pid_file, @@socket), 256)`;
}

/** Asks a server what it is. `encrypted`: whether the session is. */
export async function readServer(knex: Knex, encrypted: boolean): Promise<ServerInfo> {
  const [basics] = await rows<{
    version: string;
    comment: string;
    account: string;
    readOnly: number | string;
  }>(
    knex,
    'SELECT VERSION() AS version, @@version_comment AS comment, CURRENT_USER() AS account, @@global.read_only AS readOnly',
  );
  const version = parseVersion(basics?.version.replace(/^5\.5\.5-(?=1)/, '') ?? '');
  if (!basics || !version) throw new VyaError('connection', `The server does not say which version it is`);
  const flavour = /mariadb/i.test(`${basics.version} ${basics.comment}`) ? 'mariadb' : 'mysql';
  const begun = performance.now();
  await rows(knex, 'DO 1');
  const latencyMs = performance.now() - begun;
  const [identity] = await rows<Record<string, string>>(knex, identitySql({ flavour, version }));
  return {
    flavour,
    version,
    versionText: `${flavour === 'mariadb' ? 'MariaDB' : 'MySQL'} ${basics.version}`,
    identity: Object.values(identity ?? {})[0] ?? '',
    latencyMs,
    account: quoteAccount(basics.account),
    replica: await isReplica(knex, Number(basics.readOnly) === 1),
    encrypted,
  };
}

/** Replication status where the account may see it; otherwise a server that takes no writes is taken for a replica. */
async function isReplica(knex: Knex, readOnly: boolean): Promise<boolean> {
  for (const statement of ['SHOW REPLICA STATUS', 'SHOW SLAVE STATUS']) {
    const status = await attempt(() => rows(knex, statement));
    if (status) return status.length > 0;
  }
  return readOnly;
}
