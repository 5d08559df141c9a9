import type { Knex } from 'knex';
import type { Inventory } from '../../../model/inventory.ts';
import type { ServerInfo } from '../../adapter.ts';
import type { Finding } from '../../finding.ts';
import { atLeast, denied, warning } from '../finding.ts';
import type { Grants } from '../grants.ts';
import { quoteAccount } from '../names.ts';
import { attempt, rows } from '../query.ts';

const CONSEQUENCE =
  'views, routines, triggers and events that belong to them fail when they are used, and writes to tables with such triggers too';

/** Objects may be made in another's name only with a privilege; in the name of an account that does not exist they are of no use (F27). */
export async function definerFindings(
  knex: Knex,
  server: ServerInfo,
  grants: Grants,
  inventory: Inventory,
): Promise<Finding[]> {
  const others = inventory.needs.definers.filter((definer) => definer !== server.account);
  if (others.length === 0) return [];
  const privilege = definerPrivilege(server);
  if (!grants.globally(privilege) && !(grants.globally('SUPER') && superSuffices(server))) {
    return [
      denied(
        `${server.account} may not create views, routines, triggers and events that belong to ${others.join(', ')}`,
        `GRANT ${privilege} ON *.* TO ${server.account};`,
      ),
    ];
  }
  const accounts = await attempt(() =>
    rows<{ user: string; host: string }>(knex, 'SELECT User AS user, Host AS host FROM mysql.user'),
  );
  if (!accounts) {
    return [
      warning(
        `Whether the definers ${others.join(', ')} exist on this server, and whether ${server.account} may use them, cannot be seen without SELECT on mysql.*`,
        'Check them, or restore the accounts first.',
      ),
    ];
  }
  const existing = new Set(accounts.map(({ user, host }) => quoteAccount(`${user}@${host}`)));
  return [...missing(server, grants, others, existing), ...(await systemUsers(knex, server, grants, others))];
}

function missing(
  server: ServerInfo,
  grants: Grants,
  definers: readonly string[],
  existing: ReadonlySet<string>,
): Finding[] {
  const absent = definers.filter((definer) => !existing.has(definer));
  if (absent.length === 0) return [];
  const orphans =
    server.flavour === 'mysql' && atLeast(server, 8, 2) && !grants.globally('ALLOW_NONEXISTENT_DEFINER');
  const finding = warning(
    `These definers do not exist on this server: ${absent.join(', ')}; ${CONSEQUENCE}`,
    'Create the accounts first: vya users restore does it, or CREATE USER … ACCOUNT LOCK.',
  );
  return [{ ...finding, severity: orphans ? 'error' : 'warning' }];
}

/** MySQL protects accounts that hold SYSTEM_USER from those that do not, as definers too. */
async function systemUsers(
  knex: Knex,
  server: ServerInfo,
  grants: Grants,
  definers: readonly string[],
): Promise<Finding[]> {
  if (server.flavour !== 'mysql' || !atLeast(server, 8, 0) || grants.globally('SYSTEM_USER')) return [];
  const holders = await rows<{ account: string }>(
    knex,
    "SELECT GRANTEE AS account FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE = 'SYSTEM_USER'",
  );
  const guarded = definers.filter((definer) => holders.some(({ account }) => account === definer));
  if (guarded.length === 0) return [];
  return [
    denied(
      `${server.account} may not create objects that belong to ${guarded.join(', ')}, which hold SYSTEM_USER`,
      `GRANT SYSTEM_USER ON *.* TO ${server.account};`,
    ),
  ];
}

function definerPrivilege(server: ServerInfo): string {
  if (server.flavour === 'mariadb') return atLeast(server, 10, 5) ? 'SET USER' : 'SUPER';
  if (atLeast(server, 8, 2)) return 'SET_ANY_DEFINER';
  return atLeast(server, 8, 0) ? 'SET_USER_ID' : 'SUPER';
}

function superSuffices(server: ServerInfo): boolean {
  return server.flavour === 'mysql' ? !atLeast(server, 8, 4) : !atLeast(server, 10, 11);
}
