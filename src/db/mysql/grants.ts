import type { Knex } from 'knex';
import { attempt, rows } from './query.ts';

/** What an account may do, from its own grants and those of its active roles. */
export interface Grants {
  /** Whether the privilege is held everywhere. */
  globally(privilege: string): boolean;
  /** Whether it is held on the whole of one database. */
  on(database: string, privilege: string): boolean;
  /** Whether it is held on one table, by whatever grant. */
  onTable(database: string, table: string, privilege: string): boolean;
}

/** One line of SHOW GRANTS: on everything, on databases by a pattern, or on one table or routine. */
interface Grant {
  revoked: boolean;
  privileges: ReadonlySet<string>;
  pattern?: string;
  name?: string;
}

/** The grants of the session's own account. */
export async function readGrants(knex: Knex): Promise<Grants> {
  const lines = await rows<Record<string, string>>(knex, 'SHOW GRANTS');
  // MariaDB's answer holds what the current role and PUBLIC have; MySQL's too, for roles that are active.
  const roles = await attempt(() => rows<{ role: string | null }>(knex, 'SELECT CURRENT_ROLE() AS role'));
  const role = roles?.[0]?.role;
  if (role?.startsWith('`')) {
    const more = await attempt(() =>
      rows<Record<string, string>>(knex, `SHOW GRANTS FOR CURRENT_USER() USING ${role}`),
    );
    lines.push(...(more ?? []));
  }
  return parseGrants(lines.flatMap((line) => Object.values(line)));
}

export function parseGrants(lines: readonly string[]): Grants {
  const grants = lines.map(parseLine).filter((grant) => grant !== undefined);
  const globally = (privilege: string) =>
    grants.some((grant) => !grant.revoked && grant.pattern === undefined && holds(grant, privilege));
  const on = (database: string, privilege: string) => {
    const here = grants.filter(
      (grant) =>
        grant.pattern !== undefined &&
        grant.name === undefined &&
        holds(grant, privilege) &&
        matches(grant.pattern, database),
    );
    // MySQL's partial revokes take a database out of a global grant.
    return here.some(({ revoked }) => !revoked) || (here.length === 0 && globally(privilege));
  };
  const onTable = (database: string, table: string, privilege: string) =>
    on(database, privilege) ||
    grants.some((grant) => grant.name === table && grant.pattern === database && holds(grant, privilege));
  return { globally, on, onTable };
}

function parseLine(line: string): Grant | undefined {
  const match =
    /^(GRANT|REVOKE) (.+?) ON (?:(?:TABLE|FUNCTION|PROCEDURE|PACKAGE|PACKAGE BODY) )?(\*\.\*|`.*) (?:TO|FROM) /s.exec(
      line,
    );
  if (!match) return undefined;
  const [, verb, list = '', place = ''] = match;
  // SELECT (a, b) is a privilege on columns, not on the table.
  const privileges = new Set(list.split(/,\s?(?![^(]*\))/).filter((privilege) => !privilege.includes('(')));
  if (line.endsWith(' WITH GRANT OPTION')) privileges.add('GRANT OPTION');
  const revoked = verb === 'REVOKE';
  if (place === '*.*') return { revoked, privileges };
  const names = /^`((?:[^`]|``)*)`\.(?:\*|`((?:[^`]|``)*)`)/.exec(place);
  if (!names) return undefined;
  const pattern = (names[1] ?? '').replaceAll('``', '`');
  return names[2] === undefined
    ? { revoked, privileges, pattern }
    : { revoked, privileges, pattern, name: names[2].replaceAll('``', '`') };
}

/** ALL PRIVILEGES covers all but MySQL's dynamic privileges, whose names have underscores. */
function holds({ privileges }: Grant, privilege: string): boolean {
  if (privilege === 'GRANT OPTION') return privileges.has(privilege);
  return (
    privileges.has(privilege) || (privileges.has('ALL PRIVILEGES') && !/^[A-Z]+_[A-Z_]+$/.test(privilege))
  );
}

/** A database name against a grant's pattern: `%` any text, `_` any character, unless a backslash stands before it. */
function matches(pattern: string, database: string): boolean {
  const source = pattern.replaceAll(
    /\\([%_])|([%_])|[.*+?^${}()|[\]\\]/g,
    (all, plain?: string, wild?: string) => {
      if (plain !== undefined) return plain;
      if (wild !== undefined) return wild === '%' ? '.*' : '.';
      return `\\${all}`;
    },
  );
  return new RegExp(`^${source}$`, 's').test(database);
}
