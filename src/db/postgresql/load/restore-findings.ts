import { escapeIdentifier } from 'pg';
import type { Inventory } from '../../../model/inventory.ts';
import type { Version } from '../../../model/version.ts';
import type { ServerInfo } from '../../adapter.ts';
import type { Finding } from '../../finding.ts';
import { findLocaleProblems } from './locale-findings.ts';
import { listed, missingRoles, type Powers, readPowers } from './roles.ts';
import type { Database, Query } from '../session.ts';
import { unusableSettings } from '../settings.ts';

interface Flags {
  noOwner: boolean;
  noAcl: boolean;
}

/** What this server or this account lacks to take a database in. Asked before anything is touched. */
export async function findRestoreProblems(
  database: Database,
  server: ServerInfo,
  inventory: Inventory,
  options: Flags & { source: { version: Version } },
): Promise<Finding[]> {
  const { query } = database;
  const powers = await readPowers(query);
  return [
    ...serverProblems(server, powers, options.source.version),
    ...(await roleProblems(query, server, powers, inventory, options)),
    ...(await tablespaceProblems(query, inventory)),
    ...(await extensionProblems(query, powers, inventory)),
    ...(await findLocaleProblems(database, inventory)),
    ...(await settingProblems(query, inventory)),
    ...eventTriggerProblems(server, powers, inventory),
  ];
}

function serverProblems(server: ServerInfo, powers: Powers, source: Version): Finding[] {
  const findings: Finding[] = [];
  if (server.replica) {
    findings.push(failed('the server is a standby and takes no writes', 'Restore into its primary.'));
  }
  if (source.major > server.version.major) {
    findings.push(
      failed(
        `the backup is from PostgreSQL ${source.major}, and this server is the older ${server.version.major}`,
        `Restore into PostgreSQL ${source.major} or newer.`,
      ),
    );
  }
  if (!powers.createsDatabases) {
    const hint = `Let an administrator run: ALTER ROLE ${escapeIdentifier(powers.name)} CREATEDB;`;
    findings.push(forbidden(`${powers.name} may not create databases`, hint));
  }
  return findings;
}

/** The roles that are needed with these flags. Backups that do not say what for need all of them, unless both flags are given. */
export function neededRoles({ needs }: Inventory, { noOwner, noAcl }: Flags): string[] {
  const { roles, roleUses: uses } = needs;
  if (!uses) return noOwner && noAcl ? [] : roles;
  const kept = new Set([...(noOwner ? [] : uses.owners), ...(noAcl ? [] : uses.grants)]);
  const leftOut = new Set([...uses.owners, ...uses.grants]);
  return roles.filter((role) => kept.has(role) || !leftOut.has(role));
}

async function roleProblems(
  query: Query,
  server: ServerInfo,
  powers: Powers,
  inventory: Inventory,
  flags: Flags,
): Promise<Finding[]> {
  const missing = await missingRoles(query, neededRoles(inventory, flags));
  if (missing.length > 0) {
    const unavoidable = await missingRoles(query, neededRoles(inventory, { noOwner: true, noAcl: true }));
    const create = `CREATE ROLE ${missing.map((role) => escapeIdentifier(role)).join('; CREATE ROLE ')};`;
    const flag =
      unavoidable.length === 0 ? ', or restore without owners and grants: --no-owner --no-acl' : '';
    const hint = `Create them first (${missing.length > 5 ? 'CREATE ROLE …' : create})${flag}.`;
    return [failed(`the server does not have these roles: ${listed(missing)}`, hint)];
  }
  const owners = flags.noOwner ? [] : (inventory.needs.roleUses?.owners ?? []);
  const foreign = await query<{ role: string }>(
    `SELECT role FROM unnest($1::text[]) AS role WHERE NOT pg_has_role(role::name, $2) ORDER BY role`,
    [owners, server.version.major >= 16 ? 'SET' : 'MEMBER'],
  );
  if (foreign.length === 0) return [];
  const names = foreign.map(({ role }) => role);
  return [
    forbidden(
      `${powers.name} cannot give objects to roles that it is not a member of: ${listed(names)}`,
      `Restore with --no-owner, or let an administrator run: GRANT ${names.map((name) => escapeIdentifier(name)).join(', ')} TO ${escapeIdentifier(powers.name)};`,
    ),
  ];
}

async function tablespaceProblems(query: Query, { needs }: Inventory): Promise<Finding[]> {
  const rows = await query<{ name: string }>(
    `SELECT name FROM unnest($1::text[]) AS name
      WHERE NOT EXISTS (SELECT FROM pg_tablespace WHERE spcname = name) ORDER BY name`,
    [needs.tablespaces],
  );
  if (rows.length === 0) return [];
  const names = rows.map(({ name }) => name);
  const hint = `Create them first: CREATE TABLESPACE ${escapeIdentifier(names[0] ?? '')} LOCATION '…';`;
  return [failed(`the server does not have these tablespaces: ${listed(names)}`, hint)];
}

async function extensionProblems(query: Query, powers: Powers, inventory: Inventory): Promise<Finding[]> {
  const names = inventory.extensions.map(({ name }) => name);
  const rows = await query<{ name: string; available: boolean }>(
    `SELECT wanted.name, count(v.name) > 0 AS available
       FROM unnest($1::text[]) AS wanted (name) LEFT JOIN pg_available_extension_versions v ON v.name = wanted.name
      GROUP BY wanted.name
     HAVING count(v.name) = 0 OR NOT $2 AND NOT bool_or(v.trusted OR NOT v.superuser)
      ORDER BY 1`,
    [names.filter((name) => name !== 'plpgsql'), powers.superuser],
  );
  const absent = rows.filter(({ available }) => !available).map(({ name }) => name);
  const guarded = rows.filter(({ available }) => available).map(({ name }) => name);
  return [
    ...(absent.length === 0
      ? []
      : [
          failed(
            `these extensions are not installed on the server: ${listed(absent)}`,
            `Install their packages there (postgresql-contrib has the usual ones).`,
          ),
        ]),
    ...(guarded.length === 0
      ? []
      : [
          forbidden(
            `only a superuser can create these extensions: ${listed(guarded)}`,
            `Restore with an account that is a superuser.`,
          ),
        ]),
  ];
}

async function settingProblems(query: Query, { database }: Inventory): Promise<Finding[]> {
  const unusable = await unusableSettings(query, database.settings ?? []);
  if (unusable.length === 0) return [];
  const names = unusable.map(({ role, name }) => (role === undefined ? name : `${name} (role ${role})`));
  return [
    {
      severity: 'warning',
      kind: 'failed',
      message: `settings of the database that this server or account does not take are left out: ${listed(names)}`,
      hint: 'Set them by hand with ALTER DATABASE … SET where they matter.',
    },
  ];
}

function eventTriggerProblems(server: ServerInfo, powers: Powers, { triggers }: Inventory): Finding[] {
  const names = triggers.filter(({ schema }) => schema === undefined).map(({ name }) => name);
  if (powers.superuser || names.length === 0) return [];
  return [
    forbidden(
      `only a superuser can create event triggers: ${listed(names)}`,
      `Restore with another account than ${server.account}.`,
    ),
  ];
}

function failed(message: string, hint: string): Finding {
  return { severity: 'error', kind: 'failed', message, hint };
}

function forbidden(message: string, hint: string): Finding {
  return { severity: 'error', kind: 'privileges', message, hint };
}
