import type { Knex } from 'knex';
import type { Flavour } from '../../../model/instance.ts';
import type { Inventory } from '../../../model/inventory.ts';
import type { Version } from '../../../model/version.ts';
import type { ServerInfo } from '../../adapter.ts';
import type { Finding } from '../../finding.ts';
import { definerFindings } from './definer-findings.ts';
import { escapePattern } from '../dump/dump-findings.ts';
import { denied, failed } from '../finding.ts';
import { type Grants, readGrants } from '../grants.ts';
import { quoteName } from '../names.ts';
import { attempt, rows } from '../query.ts';

const ALWAYS = ['SELECT', 'INSERT', 'CREATE', 'DROP', 'ALTER', 'INDEX', 'REFERENCES'];

/** What a replacement notes of itself in the scratch database is changed and taken away again. */
const FOR_JOURNAL = ['UPDATE', 'DELETE'];

export interface RestoreSource {
  flavour: Flavour;
  version: Version;
}

/**
 * What this server lacks for a backup: its flavour and version, collations, engines, definers and privileges. `database` is the
 * name that the restored database takes, where it is known.
 */
export async function restoreFindings(
  knex: Knex,
  server: ServerInfo,
  inventory: Inventory,
  source: RestoreSource,
  database: string | undefined,
): Promise<Finding[]> {
  const otherServer = versionFindings(server, source);
  // What else is missing follows from that.
  if (otherServer.length > 0) return otherServer;
  const grants = await readGrants(knex);
  return [
    ...(await missingCollations(knex, server, inventory)),
    ...(await missingEngines(knex, server, inventory)),
    ...(await definerFindings(knex, server, grants, inventory)),
    ...(await loggedFunctions(knex, server, grants, inventory)),
    ...missingPrivileges(server, grants, inventory, database),
    ...(await readOnlyServer(knex, server, grants)),
  ];
}

function versionFindings(server: ServerInfo, source: RestoreSource): Finding[] {
  const from = `${source.flavour === 'mariadb' ? 'MariaDB' : 'MySQL'} ${source.version.text}`;
  if (source.flavour !== server.flavour) {
    return [
      failed(
        `The backup was made from ${from}, and ${server.versionText} does not understand all that is in it (collations, defaults, sequences, JSON)`,
        `Restore into a ${source.flavour === 'mariadb' ? 'MariaDB' : 'MySQL'} server.`,
      ),
    ];
  }
  const { version } = server;
  const older =
    version.major < source.version.major ||
    (version.major === source.version.major && version.minor < source.version.minor);
  return older
    ? [
        failed(
          `The backup was made from ${from}, and ${server.versionText} is older and does not understand all that it may hold`,
          `Restore into ${from} or newer.`,
        ),
      ]
    : [];
}

async function missingCollations(knex: Knex, server: ServerInfo, inventory: Inventory): Promise<Finding[]> {
  const known = new Set<string>();
  const places = [
    'SELECT COLLATION_NAME AS name FROM information_schema.COLLATIONS',
    // Where MariaDB has the whole names of collations that serve several character sets.
    'SELECT FULL_COLLATION_NAME AS name FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY',
  ];
  for (const sql of places) {
    const found = await attempt(() => rows<{ name: string | null }>(knex, sql));
    for (const { name } of found ?? []) if (name) known.add(currentName(name));
  }
  const missing = inventory.needs.collations.filter((collation) => !known.has(currentName(collation)));
  if (missing.length === 0) return [];
  return [
    failed(
      `${server.versionText} has no collation ${missing.join(', ')}`,
      'Restore into a server that has it.',
    ),
  ];
}

/** utf8 has become utf8mb3 in the names of newer servers. */
function currentName(collation: string): string {
  return collation.replace(/^utf8_/, 'utf8mb3_').toLowerCase();
}

async function missingEngines(knex: Knex, server: ServerInfo, inventory: Inventory): Promise<Finding[]> {
  const { engines } = inventory.needs;
  if (engines.length === 0) return [];
  const found = await rows<{ name: string }>(
    knex,
    "SELECT ENGINE AS name FROM information_schema.ENGINES WHERE SUPPORT IN ('YES', 'DEFAULT')",
  );
  const known = new Set(found.map(({ name }) => name.toUpperCase()));
  const missing = engines.filter((engine) => !known.has(engine.toUpperCase()));
  if (missing.length === 0) return [];
  return [
    failed(
      `${server.versionText} has no storage engine ${missing.join(', ')}`,
      'Install its plugin on the server first.',
    ),
  ];
}

async function loggedFunctions(
  knex: Knex,
  server: ServerInfo,
  grants: Grants,
  inventory: Inventory,
): Promise<Finding[]> {
  const named =
    inventory.triggers.length + inventory.routines.filter(({ kind }) => kind === 'function').length;
  if (named === 0 || grants.globally('SUPER')) return [];
  const [row] = await rows<{ refused: string | number }>(
    knex,
    'SELECT @@global.log_bin = 1 AND @@global.log_bin_trust_function_creators = 0 AS refused',
  );
  if (Number(row?.refused) !== 1) return [];
  return [
    denied(
      `With its binary log on, this server lets only accounts with SUPER create triggers and functions, and ${server.account} has none`,
      'SET GLOBAL log_bin_trust_function_creators = 1; (or grant SUPER)',
    ),
  ];
}

function missingPrivileges(
  server: ServerInfo,
  grants: Grants,
  inventory: Inventory,
  database: string | undefined,
): Finding[] {
  const needed = [
    ...ALWAYS,
    ...(inventory.views.length > 0 ? ['CREATE VIEW', 'SHOW VIEW'] : []),
    ...(inventory.triggers.length > 0 ? ['TRIGGER'] : []),
    ...(inventory.routines.length > 0 ? ['CREATE ROUTINE', 'ALTER ROUTINE'] : []),
    ...(inventory.events.length > 0 ? ['EVENT'] : []),
  ];
  const missingOn = (
    place: string,
    pattern: string,
    what: string,
    privileges: readonly string[],
  ): Finding[] => {
    const missing = privileges.filter((privilege) => !grants.on(place, privilege));
    if (missing.length === 0) return [];
    const list = missing.join(', ');
    return [
      denied(
        `${server.account} lacks ${list} on ${what}`,
        `GRANT ${list} ON ${pattern}.* TO ${server.account};`,
      ),
    ];
  };
  const scratch = quoteName(`${escapePattern('vya_tmp_')}%`);
  return [
    ...missingOn('vya_tmp_restore', scratch, "vya's scratch databases", [...needed, ...FOR_JOURNAL]),
    ...(database === undefined
      ? []
      : missingOn(database, quoteName(escapePattern(database)), database, needed)),
  ];
}

async function readOnlyServer(knex: Knex, server: ServerInfo, grants: Grants): Promise<Finding[]> {
  const [row] = await rows<{ readOnly: string | number }>(knex, 'SELECT @@global.read_only AS readOnly');
  const superOnly = await attempt(() =>
    rows<{ on: string | number }>(knex, 'SELECT @@global.super_read_only AS `on`'),
  );
  const may = ['SUPER', 'CONNECTION_ADMIN', 'READ_ONLY ADMIN', 'READ ONLY ADMIN'].some((privilege) =>
    grants.globally(privilege),
  );
  const closed = Number(superOnly?.[0]?.on ?? 0) === 1 || (Number(row?.readOnly ?? 0) === 1 && !may);
  if (!closed) return [];
  return [
    failed(
      `${server.versionText} is read-only${server.replica ? ' (a replica)' : ''}`,
      'Restore into the primary server.',
    ),
  ];
}
