import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Finding } from '../../finding.ts';
import { listed, readPowers } from '../load/roles.ts';
import type { Database, Query } from '../session.ts';

interface Present {
  owner: string;
  owned: boolean;
  template: boolean;
  /** Sessions in the database, and those of them that this account may not end. */
  sessions: number;
  untouchable: number;
}

/** What keeps a database from being replaced now: whatever holds on to it although its sessions are ended (F52), and missing rights. */
export async function findReplaceProblems(database: Database, name: string): Promise<Finding[]> {
  const { query } = database;
  return [...(await holders(query, name)), ...(await ownership(query, name))];
}

async function holders(query: Query, name: string): Promise<Finding[]> {
  const slots = await query<{ name: string }>(
    'SELECT slot_name::text AS name FROM pg_replication_slots WHERE database = $1 ORDER BY 1',
    [name],
  );
  const subscriptions = await query<{ name: string }>(
    `SELECT subname::text AS name FROM pg_subscription
      WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = $1) ORDER BY 1`,
    [name],
  );
  const prepared = await query<{ name: string }>(
    'SELECT gid AS name FROM pg_prepared_xacts WHERE database = $1 ORDER BY 1',
    [name],
  );
  return [
    held('replication slots', slots, (first) => `SELECT pg_drop_replication_slot(${escapeLiteral(first)});`),
    held('subscriptions', subscriptions, (first) => `DROP SUBSCRIPTION ${escapeIdentifier(first)};`),
    held('prepared transactions', prepared, (first) => `COMMIT PREPARED ${escapeLiteral(first)};`),
  ].flat();

  function held(what: string, rows: { name: string }[], statement: (first: string) => string): Finding[] {
    const [first] = rows;
    if (!first) return [];
    return [
      {
        severity: 'error',
        kind: 'failed',
        message: `${name} cannot be replaced while it has ${what}: ${listed(rows.map((row) => row.name))}`,
        hint: `End them in ${name} (${statement(first.name)}), or restore under another name with --target-database.`,
      },
    ];
  }
}

async function ownership(query: Query, name: string): Promise<Finding[]> {
  const powers = await readPowers(query);
  const [present] = await query<Present>(
    `SELECT pg_get_userbyid(d.datdba)::text AS owner, pg_has_role(d.datdba, 'USAGE') AS owned, d.datistemplate AS template,
            count(a.usesysid)::int AS sessions,
            count(a.pid) FILTER (WHERE r.rolsuper OR NOT ($2 OR pg_has_role(a.usesysid, 'USAGE')))::int AS untouchable
       FROM pg_database d
       LEFT JOIN pg_stat_activity a ON a.datid = d.oid AND a.pid <> pg_backend_pid()
       LEFT JOIN pg_roles r ON r.oid = a.usesysid
      WHERE d.datname = $1 GROUP BY d.oid, d.datdba, d.datistemplate`,
    [name, powers.endsSessions],
  );
  if (!present) return [];
  const account = escapeIdentifier(powers.name);
  const forbidden = (message: string, statement: string): Finding => ({
    severity: 'error',
    kind: 'privileges',
    message,
    hint: `Let an administrator run: ${statement}`,
  });
  const findings: Finding[] = [];
  if (!present.owned) {
    findings.push(
      forbidden(
        `${name} belongs to ${present.owner}, and ${powers.name} may not replace it`,
        `GRANT ${escapeIdentifier(present.owner)} TO ${account};`,
      ),
    );
  }
  if (!powers.createsDatabases) {
    findings.push(forbidden(`${powers.name} may not rename databases`, `ALTER ROLE ${account} CREATEDB;`));
  }
  if (!powers.superuser && present.untouchable > 0) {
    findings.push(
      forbidden(
        `${powers.name} may not end ${present.untouchable} of the sessions in ${name}`,
        `GRANT pg_signal_backend TO ${account}; or end them by hand.`,
      ),
    );
  }
  if (present.template) {
    findings.push(
      forbidden(
        `${name} is a template database and cannot be dropped`,
        `ALTER DATABASE ${escapeIdentifier(name)} IS_TEMPLATE false;`,
      ),
    );
  }
  if (present.sessions > 0) {
    findings.push({
      severity: 'warning',
      kind: 'failed',
      message: `${present.sessions} session(s) in ${name} will be ended`,
      hint: 'Their clients can connect again as soon as the database has been replaced.',
    });
  }
  return findings;
}
