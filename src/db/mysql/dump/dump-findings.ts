import type { Knex } from 'knex';
import type { Inventory } from '../../../model/inventory.ts';
import type { ServerInfo } from '../../adapter.ts';
import type { Finding } from '../../finding.ts';
import { readTransactional } from '../exact/engines.ts';
import { denied } from '../finding.ts';
import { type Grants, readGrants } from '../grants.ts';
import { qualified, quoteName } from '../names.ts';
import { rows, sqlMessage } from '../query.ts';

/** Names listed in one message; more are counted. */
const LISTED = 10;

/** ER_PROCACCESS_DENIED_ERROR */
const EXECUTE_DENIED = 1370;

/**
 * What would be missing from a dump of `database`, or keep it from succeeding: privileges that hide objects silently (F2), views
 * that are broken (F9), tables outside transactions (F5).
 */
export async function dumpFindings(
  knex: Knex,
  server: ServerInfo,
  database: string,
  inventory: Inventory,
): Promise<Finding[]> {
  const grants = await readGrants(knex);
  return [
    ...missingPrivileges(server, grants, database, inventory),
    ...(await unreadableViews(knex, database, inventory)).map((view) => viewFinding(server, database, view)),
    ...(await nonTransactional(knex, database, inventory)),
    ...damagedTables(database, inventory),
    ...(inventory.events.length > 0 ? await endlessEvents(knex, database) : []),
  ];
}

export function missingPrivileges(
  server: ServerInfo,
  grants: Grants,
  database: string,
  inventory: Inventory,
): Finding[] {
  const missing = ['SELECT', 'TRIGGER', 'EVENT'].filter((privilege) => !grants.on(database, privilege));
  const needsShowView = inventory.views.length > 0 || missing.includes('SELECT');
  if (needsShowView && !grants.on(database, 'SHOW VIEW')) missing.push('SHOW VIEW');
  const findings: Finding[] = [];
  if (missing.length > 0) {
    findings.push(
      denied(
        `${database}: without ${missing.join(', ')} on the whole database, parts of it would be left out silently`,
        `GRANT ${missing.join(', ')} ON ${quoteName(escapePattern(database))}.* TO ${server.account};`,
      ),
    );
  }
  const statement = routinesGrant(server, grants, database);
  if (statement) {
    findings.push(
      denied(
        `${database}: ${server.account} cannot read routines that others have made, so they would be left out silently`,
        statement,
      ),
    );
  }
  return findings;
}

/** What has to be granted so that every routine can be read, or undefined where nothing is missing. */
function routinesGrant(
  { flavour, version, account }: ServerInfo,
  grants: Grants,
  database: string,
): string | undefined {
  if (grants.globally('SELECT')) return undefined;
  if (flavour === 'mysql' && version.major >= 8) {
    return grants.globally('SHOW_ROUTINE') ? undefined : `GRANT SHOW_ROUTINE ON *.* TO ${account};`;
  }
  if (grants.onTable('mysql', 'proc', 'SELECT')) return undefined;
  const newer = flavour === 'mariadb' && (version.major > 11 || (version.major === 11 && version.minor >= 3));
  if (newer && grants.on(database, 'SHOW CREATE ROUTINE')) return undefined;
  return newer
    ? `GRANT SHOW CREATE ROUTINE ON ${quoteName(escapePattern(database))}.* TO ${account};`
    : `GRANT SELECT ON mysql.proc TO ${account};`;
}

/** In a grant `_` and `%` stand for other characters, unless they are escaped. */
export function escapePattern(database: string): string {
  return database.replaceAll(/[%_\\]/g, String.raw`\$&`);
}

/** A view that no dump can read, with what the server says of it. */
export interface UnreadableView {
  view: string;
  reason: string;
  /** The account lacks EXECUTE on a function that the view calls; otherwise it refers to something that is gone. */
  denied: boolean;
}

export async function unreadableViews(
  knex: Knex,
  database: string,
  inventory: Inventory,
): Promise<UnreadableView[]> {
  const unreadable: UnreadableView[] = [];
  for (const { name } of inventory.views) {
    try {
      await rows(knex, `SHOW FIELDS FROM ${qualified(database, name)}`);
    } catch (error) {
      const { errno } = error as { errno?: unknown };
      if (typeof errno !== 'number') throw error;
      unreadable.push({ view: name, reason: sqlMessage(error as Error), denied: errno === EXECUTE_DENIED });
    }
  }
  return unreadable;
}

function viewFinding(
  server: ServerInfo,
  database: string,
  { view, reason, denied: lacksExecute }: UnreadableView,
): Finding {
  if (lacksExecute) {
    return denied(
      `${database}: the view ${view} would stop the dump: ${reason}`,
      `GRANT EXECUTE ON ${quoteName(escapePattern(database))}.* TO ${server.account};`,
    );
  }
  return {
    severity: 'error',
    kind: 'failed',
    message: `${database}: the view ${view} is broken and would stop the dump: ${reason}`,
    hint: `Repair the view, or drop it: DROP VIEW ${qualified(database, view)};`,
  };
}

async function nonTransactional(knex: Knex, database: string, inventory: Inventory): Promise<Finding[]> {
  const transactional = await readTransactional(knex);
  const outside = inventory.tables.filter((table) => table.engine !== undefined && !transactional(table));
  if (outside.length === 0) return [];
  const names = outside.slice(0, LISTED).map(({ name, engine }) => `${name} (${engine})`);
  const more = outside.length > LISTED ? ` and ${outside.length - LISTED} more` : '';
  return [
    {
      severity: 'warning',
      kind: 'failed',
      message: `${database}: rows written during the dump may or may not be in it for tables without transactions: ${names.join(', ')}${more}`,
      hint: 'Back up while nobody writes to them, or convert them: ALTER TABLE … ENGINE=InnoDB.',
    },
  ];
}

function damagedTables(database: string, inventory: Inventory): Finding[] {
  return inventory.tables
    .filter(({ engine }) => engine === undefined)
    .map(({ name }) => ({
      severity: 'error' as const,
      kind: 'failed' as const,
      message: `${database}: the server cannot open the table ${name}`,
      hint: `CHECK TABLE ${qualified(database, name)}; says what is wrong with it.`,
    }));
}

/**
 * The dump programs look for a delimiter that no event holds: from two semicolons upwards, but never past two, and without end
 * (seen with 9.7 and 10.11).
 */
async function endlessEvents(knex: Knex, database: string): Promise<Finding[]> {
  const found = await rows<{ name: string }>(
    knex,
    `SELECT EVENT_NAME AS name FROM information_schema.EVENTS
      WHERE EVENT_SCHEMA = ? AND BINARY EVENT_SCHEMA = BINARY ?
        AND INSTR(CONCAT_WS(' ', EVENT_NAME, DEFINER, EVENT_DEFINITION, EVENT_COMMENT), ';;') > 0`,
    [database, database],
  );
  return found.map(({ name }) => ({
    severity: 'error',
    kind: 'failed',
    message: `${database}: the event ${name} holds “;;”, at which the dump program would never end`,
    hint: `Write it without two semicolons in a row: ALTER EVENT ${qualified(database, name)} …`,
  }));
}
