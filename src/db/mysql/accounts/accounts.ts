import type { Knex } from 'knex';
import { VyaError } from '../../../errors.ts';
import type { Account, AccountSet } from '../../../model/accounts.ts';
import type { ServerInfo } from '../../adapter.ts';
import { parseGrantLine } from './account-grants.ts';
import { definitionProblems, isCaptured } from './account-problems.ts';
import { type AccountRow, readDefinition } from './account-rows.ts';
import { quoteName, quoteText } from '../names.ts';
import { type Ask, askInOneSession, attempt, serverError } from '../query.ts';

/** Accounts that belong to the server or to the service that runs it. */
const INTERNAL =
  /^(?:mysql\..*|mariadb\.sys|event_scheduler|rdsadmin|rdsrepladmin|rdstopmgr|cloudsql.*|azure_superuser)$/;

/**
 * Every account of the server but its own ones: `mysql.…`, `mariadb.sys`, those of managed services. System tables are only read.
 *
 * @throws VyaError `privileges` when the account may not read them, `failed` for MySQL older than 8.0 and MariaDB older than 10.4
 */
export async function readAccounts(knex: Knex, server: ServerInfo): Promise<AccountSet> {
  const { flavour, version } = server;
  const tooOld = flavour === 'mysql' ? version.major < 8 : version.major === 10 && version.minor < 4;
  if (tooOld) {
    throw new VyaError(
      'failed',
      `The accounts of ${server.versionText} cannot be backed up: MySQL 8.0 and MariaDB 10.4 are the oldest`,
      {
        hint: 'Back up the databases alone with --skip-accounts, or set accounts: false for the instance.',
      },
    );
  }
  return await askInOneSession(knex, async (ask) => {
    await ask('SET SESSION sql_quote_show_create = 1');
    if (flavour === 'mysql') await ask('SET SESSION print_identified_with_as_hex = ON');
    const context = await readContext(ask, server).catch((error: unknown) => {
      throw mayNotRead(error, server);
    });
    const accounts: Account[] = [];
    for (const row of context.rows) accounts.push(await readAccount(ask, context, row));
    const partialRevokes = flavour === 'mysql' ? await isOn(ask, '@@global.partial_revokes') : undefined;
    return {
      source: {
        format: 'vya-accounts',
        version: 1,
        flavour,
        server: version,
        ...(partialRevokes === undefined ? {} : { partialRevokes }),
        tablespaces: [],
      },
      accounts,
    };
  });
}

/** A lost connection stays what it is. */
function mayNotRead(error: unknown, server: ServerInfo): unknown {
  if (typeof (error as { errno?: unknown }).errno !== 'number') return error;
  const { kind, message, cause } = serverError(error, 'Reading the accounts');
  const hint =
    kind === 'privileges'
      ? `GRANT SELECT ON mysql.* TO ${server.account}, or leave them out: --skip-accounts, or accounts: false for the instance.`
      : undefined;
  return new VyaError(kind, message, { hint, cause });
}

async function isOn(ask: Ask, variable: string): Promise<boolean> {
  const answer = await attempt(() => ask<{ value: number | string }>(`SELECT ${variable} AS value`));
  return Number(answer?.[0]?.value ?? 0) === 1;
}

interface MappingRow {
  role: string;
  roleHost: string;
  member: string;
  memberHost: string;
  admin: string;
}

interface Context {
  server: ServerInfo;
  rows: AccountRow[];
  mappings: MappingRow[];
  defaults: MappingRow[];
  plugins: ReadonlySet<string>;
}

async function readContext(ask: Ask, server: ServerInfo): Promise<Context> {
  const isMariadb = server.flavour === 'mariadb';
  const question = isMariadb
    ? `SELECT User AS user, Host AS host, is_role AS isRole, plugin, '' AS expired, default_role AS defaultRole,
              JSON_UNQUOTE(JSON_EXTRACT((SELECT Priv FROM mysql.global_priv AS g WHERE g.User = u.User AND g.Host = u.Host), '$.account_locked')) AS locked
         FROM mysql.user AS u ORDER BY user, host`
    : `SELECT User AS user, Host AS host, plugin, account_locked AS locked, password_expired AS expired,
              LENGTH(authentication_string) AS hashLength, CONVERT(x509_subject USING utf8mb4) AS subject,
              CONVERT(x509_issuer USING utf8mb4) AS issuer, CONVERT(ssl_cipher USING utf8mb4) AS cipher,
              HEX(JSON_UNQUOTE(JSON_EXTRACT(User_attributes, '$.additional_password'))) AS secondPassword
         FROM mysql.user ORDER BY user, host`;
  const mappings = isMariadb
    ? `SELECT Role AS role, '' AS roleHost, User AS member, Host AS memberHost, Admin_option AS admin
         FROM mysql.roles_mapping ORDER BY 1, 3, 4`
    : `SELECT FROM_USER AS role, FROM_HOST AS roleHost, TO_USER AS member, TO_HOST AS memberHost,
              WITH_ADMIN_OPTION AS admin FROM mysql.role_edges ORDER BY 1, 2, 3, 4`;
  const defaults = `SELECT DEFAULT_ROLE_USER AS role, DEFAULT_ROLE_HOST AS roleHost, USER AS member, HOST AS memberHost,
      'N' AS admin FROM mysql.default_roles ORDER BY 1, 2, 3, 4`;
  const plugins = await ask<{ name: string }>(
    `SELECT PLUGIN_NAME AS name FROM information_schema.PLUGINS
      WHERE PLUGIN_TYPE = 'AUTHENTICATION' AND PLUGIN_STATUS = 'ACTIVE'`,
  );
  const rows = await ask<AccountRow>(question);
  return {
    server,
    rows: rows.filter(({ user }) => !INTERNAL.test(user)),
    mappings: await ask<MappingRow>(mappings),
    defaults: isMariadb ? [] : await ask<MappingRow>(defaults),
    plugins: new Set(plugins.map(({ name }) => name)),
  };
}

async function readAccount(ask: Ask, context: Context, row: AccountRow): Promise<Account> {
  const { server, mappings, defaults, plugins } = context;
  const { user, host } = row;
  const isMariadb = server.flavour === 'mariadb';
  const everybody = isMariadb && row.isRole === 'Y' && user === 'PUBLIC';
  const name = everybody ? 'PUBLIC' : accountName(user, host, isMariadb && row.isRole === 'Y');
  const isRole =
    row.isRole === 'Y' ||
    mappings.some(({ role, roleHost }) => !isMariadb && role === user && roleHost === host) ||
    (!isMariadb && row.locked === 'Y' && row.expired === 'Y' && Number(row.hashLength) === 0);
  const definition = row.isRole === 'Y' ? {} : await readDefinition(ask, name, row);
  const grants = await readGrants(ask, name, { user, host, everybody, mariadbRole: row.isRole === 'Y' });
  const mine = ({ member, memberHost }: MappingRow): boolean => member === user && memberHost === host;
  const roleName = (each: MappingRow): string => accountName(each.role, each.roleHost, isMariadb);
  const ofAll = grants?.filter(({ on }) => on === '*.*') ?? [];
  const holds = (privilege: string): boolean =>
    ofAll.some(({ privileges }) => privileges.includes(privilege));
  return {
    name,
    user,
    ...(isMariadb && row.isRole === 'Y' ? {} : { host }),
    kind: everybody ? 'everybody' : isRole ? 'role' : 'user',
    locked: row.locked === 'Y' || row.locked === 'true' || row.locked === '1',
    administrator:
      user === 'root' ||
      holds('ALL PRIVILEGES') ||
      holds('SUPER') ||
      (holds('CREATE USER') && ofAll.some(({ grantable }) => grantable)),
    own: name === server.account,
    ...(definition && row.isRole !== 'Y' ? { definition } : {}),
    ...(row.secondPassword ? { secondPassword: row.secondPassword } : {}),
    memberships: mappings.filter(mine).map((each) => ({ role: roleName(each), admin: each.admin === 'Y' })),
    defaultRoles: isMariadb
      ? row.defaultRole
        ? [quoteText(row.defaultRole)]
        : []
      : defaults.filter(mine).map(roleName),
    grants: grants ?? [],
    settings: [],
    captured: isCaptured(definition, grants),
    problems: definitionProblems({ definition, grants, plugins }),
  };
}

/** As SQL has it. MariaDB's roles have no host. */
function accountName(user: string, host: string, bare: boolean): string {
  return bare ? quoteText(user) : `${quoteText(user)}@${quoteText(host)}`;
}

/** The account's own lines: MariaDB lists what its roles hold besides. Undefined where the server does not tell. */
async function readGrants(
  ask: Ask,
  name: string,
  of: { user: string; host: string; everybody: boolean; mariadbRole: boolean },
): Promise<Account['grants'] | undefined> {
  const lines = await attempt(() => ask<Record<string, string>>(`SHOW GRANTS FOR ${name}`));
  const grantee = of.everybody
    ? 'PUBLIC'
    : of.mariadbRole
      ? quoteName(of.user)
      : `${quoteName(of.user)}@${quoteName(of.host)}`;
  return lines
    ?.flatMap((line) => parseGrantLine(Object.values(line)[0] ?? '') ?? [])
    .filter((grant) => grant.grantee === grantee)
    .map(({ grantee: _, ...grant }) => grant);
}
