import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Inventory } from '../../../model/inventory.ts';
import type { Database, Query } from '../session.ts';
import { settingStatement, unusableSettings } from '../settings.ts';

interface Grant {
  /** Null: PUBLIC. */
  grantee: string | null;
  privilege: string;
  grantable: boolean;
}

/**
 * Gives a database what pg_restore without `--create` leaves out (F21): comment, connection limit, settings, owner and ACL, in one
 * transaction. Settings that `unusableSettings` names are left out. Throws VyaError `privileges` or `failed`.
 */
export async function giveProperties(
  database: Database,
  name: string,
  properties: Inventory['database'],
  { noOwner, noAcl }: { noOwner: boolean; noAcl: boolean },
): Promise<void> {
  const { comment, connectionLimit, settings = [], owner, acl } = properties;
  const id = escapeIdentifier(name);
  await database.transaction(async (query) => {
    if (comment !== undefined) await query(`COMMENT ON DATABASE ${id} IS ${escapeLiteral(comment)}`);
    if (connectionLimit !== undefined && connectionLimit >= 0) {
      await query(`ALTER DATABASE ${id} CONNECTION LIMIT ${connectionLimit}`);
    }
    const unusable = new Set(await unusableSettings(query, settings));
    for (const setting of settings) {
      if (!unusable.has(setting)) await query(settingStatement(name, setting));
    }
    if (!noOwner && owner !== undefined)
      await query(`ALTER DATABASE ${id} OWNER TO ${escapeIdentifier(owner)}`);
    if (!noAcl && acl !== undefined) await giveAcl(query, id, acl, { owner, keepsOwner: !noOwner });
  });
}

/**
 * Makes the ACL of a database what its text says. The present owner grants everything, so that the privileges are the source's even
 * where another role had passed them on.
 */
async function giveAcl(
  query: Query,
  id: string,
  acl: readonly string[],
  { owner, keepsOwner }: { owner: string | undefined; keepsOwner: boolean },
): Promise<void> {
  await query(`REVOKE ALL ON DATABASE ${id} FROM PUBLIC`);
  if (keepsOwner && owner !== undefined)
    await query(`REVOKE ALL ON DATABASE ${id} FROM ${escapeIdentifier(owner)}`);
  const grants = acl.map((item) => parseAclItem(item)).flat();
  for (const { grantee, privilege, grantable } of grants) {
    // Without the source's owner, the present owner keeps what every owner has.
    if (!keepsOwner && grantee !== null && grantee === owner) continue;
    const to = grantee === null ? 'PUBLIC' : escapeIdentifier(grantee);
    await query(`GRANT ${privilege} ON DATABASE ${id} TO ${to}${grantable ? ' WITH GRANT OPTION' : ''}`);
  }
}

/** The letters of the privileges that a database has (manual, "ACL Privilege Abbreviations"). */
const PRIVILEGES: Record<string, string> = { C: 'CREATE', T: 'TEMPORARY', c: 'CONNECT' };

/**
 * One item of an ACL as the server prints it: `grantee=letters/grantor`, a star after a letter for the grant option, names in double
 * quotes where they need it (a quote inside doubled), no grantee for PUBLIC.
 */
export function parseAclItem(item: string): Grant[] {
  const match = /^(?:"((?:[^"]|"")*)"|([^"=]*))=([A-Za-z*]*)\//.exec(item);
  if (!match) return [];
  const [, quoted, bare = '', letters = ''] = match;
  const grantee = quoted?.replaceAll('""', '"') ?? bare;
  return [...letters.matchAll(/([A-Za-z])(\*?)/g)].flatMap(([, letter = '', star]) => {
    const privilege = PRIVILEGES[letter];
    return privilege === undefined
      ? []
      : [{ grantee: grantee === '' ? null : grantee, privilege, grantable: star === '*' }];
  });
}
