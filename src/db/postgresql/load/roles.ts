import type { Query } from '../session.ts';

/** What the account may do on the server as a whole. */
export interface Powers {
  name: string;
  superuser: boolean;
  createsDatabases: boolean;
  /** May end sessions of other roles. */
  endsSessions: boolean;
}

export async function readPowers(query: Query): Promise<Powers> {
  const [powers] = await query<Powers>(
    `SELECT rolname::text AS name, rolsuper AS superuser, rolsuper OR rolcreatedb AS "createsDatabases",
            rolsuper OR pg_has_role('pg_signal_backend', 'USAGE') AS "endsSessions"
       FROM pg_roles WHERE rolname = current_user`,
  );
  return powers ?? { name: '', superuser: false, createsDatabases: false, endsSessions: false };
}

/** Those of `roles` that the server does not have. */
export async function missingRoles(query: Query, roles: readonly string[]): Promise<string[]> {
  const rows = await query<{ role: string }>(
    `SELECT role FROM unnest($1::text[]) AS role
      WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) ORDER BY role`,
    [roles],
  );
  return rows.map(({ role }) => role);
}

/** `a, b and 3 more`. */
export function listed(names: readonly string[], most = 5): string {
  const rest = names.length - most;
  return names.slice(0, most).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
