import type { Knex } from 'knex';
import type { ServerInfo } from '../../adapter.ts';
import type { Finding } from '../../finding.ts';
import { missingPrivileges } from '../dump/dump-findings.ts';
import { readGrants } from '../grants.ts';
import { readInventory } from '../inventory.ts';
import { quoteName } from '../names.ts';
import { attempt, rows } from '../query.ts';
import { readRoutineGrants } from './routine-grants.ts';

interface ForeignKey {
  database: string;
  table: string;
  name: string;
}

/** Why the database `name` cannot be replaced now, and what would be lost. */
export async function replaceFindings(
  knex: Knex,
  server: ServerInfo,
  name: string,
  inPlace: boolean,
): Promise<Finding[]> {
  const findings: Finding[] = (await foreignKeysInto(knex, name)).map(inboundKey(name));
  const grants = await readGrants(knex);
  const present = await readInventory(knex, server, name);
  // Its triggers, routines and events are saved before they make room: those that cannot be seen would be lost.
  findings.push(...missingPrivileges(server, grants, name, present));
  const onRoutines = await readRoutineGrants(knex, name);
  if (onRoutines.length > 0 && (inPlace || !grants.globally('GRANT OPTION'))) {
    findings.push({
      severity: 'warning',
      kind: 'privileges',
      message: `${name}: ${onRoutines.length} privileges on single routines go with the routines, and ${inPlace ? 'are not given again in place' : `${server.account} may not give them again`}`,
      hint: `Let an administrator run afterwards: ${onRoutines.join('; ')};`,
    });
  }
  return findings;
}

/** Moving a table takes the foreign keys of other databases along, away from the table that gets its name (F51). */
function inboundKey(name: string): (key: ForeignKey) => Finding {
  return (key) => ({
    severity: 'error',
    kind: 'failed',
    message: `${name} cannot be replaced while the foreign key ${key.name} of ${key.database}.${key.table} points into it`,
    hint: `Drop it and create it again afterwards: ALTER TABLE ${quoteName(key.database)}.${quoteName(key.table)} DROP FOREIGN KEY ${quoteName(key.name)}; or restore beside it with --target-database.`,
  });
}

async function foreignKeysInto(knex: Knex, database: string): Promise<ForeignKey[]> {
  const seen = await rows<ForeignKey>(
    knex,
    `SELECT CONSTRAINT_SCHEMA AS \`database\`, TABLE_NAME AS \`table\`, CONSTRAINT_NAME AS name
      FROM information_schema.REFERENTIAL_CONSTRAINTS
      WHERE BINARY UNIQUE_CONSTRAINT_SCHEMA = BINARY ? AND BINARY CONSTRAINT_SCHEMA <> BINARY ?`,
    [database, database],
  );
  // The engine's own list holds also those of tables that the account cannot see, and asks for PROCESS.
  const more = await attempt(() => innodbKeys(knex, database));
  const known = new Set(seen.map((key) => `${key.database}/${key.name}`));
  return [...seen, ...(more ?? []).filter((key) => !known.has(`${key.database}/${key.name}`))];
}

async function innodbKeys(knex: Knex, database: string): Promise<ForeignKey[]> {
  // MariaDB lists the names as its files are named; MySQL as they are.
  const encoded = (part: string) => `CONVERT(CONVERT(CAST(${part} AS BINARY) USING filename) USING utf8mb4)`;
  const plain = (part: string) => part;
  const ask = (table: string, decode: (part: string) => string) =>
    rows<ForeignKey & { parent: string }>(
      knex,
      `SELECT ${decode("SUBSTRING_INDEX(FOR_NAME, '/', 1)")} AS \`database\`, ${decode("SUBSTRING_INDEX(FOR_NAME, '/', -1)")} AS \`table\`,
          SUBSTRING_INDEX(ID, '/', -1) AS name, ${decode("SUBSTRING_INDEX(REF_NAME, '/', 1)")} AS parent
        FROM information_schema.${table}`,
    );
  const keys =
    (await attempt(() => ask('INNODB_SYS_FOREIGN', encoded))) ??
    (await attempt(() => ask('INNODB_FOREIGN', plain))) ??
    [];
  return keys.filter((key) => key.parent === database && key.database !== database);
}
