import type { TestServer } from '../servers/server.ts';
import { fingerprintMysql } from './fingerprint-mysql.ts';
import { fingerprintPostgresql } from './fingerprint-postgresql.ts';

/**
 * Everything that a database is, as plain text by what it describes, so that a comparison names what differs: rows
 * byte for byte (hashed), objects by definition, owners, grants, comments, settings, encoding. The name of the database
 * itself is left out, so that a renamed copy compares equal. Taking it changes nothing.
 *
 * Keys begin with what they tell: `rows of …`, `owner of …`, `acl of …`, `status of event …`, `database …`, and so on.
 */
export type Fingerprint = Record<string, string>;

export function fingerprint(server: TestServer, database: string): Promise<Fingerprint> {
  return server.type === 'mysql'
    ? fingerprintMysql(server, database)
    : fingerprintPostgresql(server, database);
}

/** The fingerprint less the entries whose keys match. */
export function without(print: Fingerprint, keys: RegExp): Fingerprint {
  return Object.fromEntries(Object.entries(print).filter(([key]) => !keys.test(key)));
}
