import type { Knex } from 'knex';
import { qualified, quoteAccount } from '../names.ts';
import { attempt, rows } from '../query.ts';

/** A privilege on one routine, as a statement that gives it. */
export type RoutineGrant = string;

/**
 * The privileges that accounts hold on single routines of a database: the server takes them away when a routine is dropped.
 * Empty where the account may not read them.
 */
export async function readRoutineGrants(knex: Knex, database: string): Promise<RoutineGrant[]> {
  const found = await attempt(() =>
    rows<{ host: string; user: string; routine: string; type: string; privileges: string }>(
      knex,
      `SELECT Host AS host, User AS user, Routine_name AS routine, Routine_type AS type, Proc_priv AS privileges
        FROM mysql.procs_priv WHERE Db = ?`,
      [database],
    ),
  );
  return (found ?? []).map(({ host, user, routine, type, privileges }) => {
    const list = privileges.split(',').filter((privilege) => privilege !== 'Grant');
    const grantable = privileges.includes('Grant') ? ' WITH GRANT OPTION' : '';
    const what = list.length > 0 ? list.join(', ') : 'USAGE';
    return `GRANT ${what} ON ${type} ${qualified(database, routine)} TO ${quoteAccount(`${user}@${host}`)}${grantable}`;
  });
}

/** Gives the privileges back, as far as the routines exist and the account may: those are checked beforehand. */
export async function giveRoutineGrants(knex: Knex, grants: readonly RoutineGrant[]): Promise<void> {
  for (const statement of grants) await attempt(() => knex.raw(statement));
}
