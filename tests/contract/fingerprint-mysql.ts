import { createHash } from 'node:crypto';
import { connect, type Connection } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import type { Fingerprint } from './fingerprint.ts';

interface Source {
  connection: Connection;
  database: string;
  print: Fingerprint;
}

export async function fingerprintMysql(server: TestServer, database: string): Promise<Fingerprint> {
  const connection = await connect(server, database);
  const source: Source = { connection, database, print: {} };
  try {
    await connection.script(`SET time_zone = '+00:00', sql_mode = ''`);
    if (server.kind.startsWith('mysql')) await connection.script('SET information_schema_stats_expiry = 0');
    await describeDatabase(source);
    await describeTables(source);
    await describeRoutines(source);
    await describeTriggers(source);
    await describeEvents(source);
    return source.print;
  } finally {
    await connection.close();
  }
}

/** A row as text. Definitions name the database in places, and every copy has its own. */
function described({ database }: Source, row: Record<string, unknown> = {}): string {
  const qualifier = `${quote(database)}.`;
  return JSON.stringify(row, (_, value: unknown) =>
    typeof value === 'string' ? value.replaceAll(qualifier, '') : value,
  );
}

async function describeDatabase(source: Source): Promise<void> {
  const [row] = await source.connection.query(
    `SELECT * FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ? AND BINARY SCHEMA_NAME = BINARY ?`,
    [source.database, source.database],
  );
  const { SCHEMA_NAME: _, ...properties } = row ?? {};
  source.print['database'] = JSON.stringify(properties);
}

async function describeTables(source: Source): Promise<void> {
  const { connection, print } = source;
  const tables = await connection.query<{ name: string; type: string }>(
    `SELECT TABLE_NAME AS name, TABLE_TYPE AS type FROM information_schema.TABLES
     WHERE TABLE_SCHEMA = DATABASE() AND BINARY TABLE_SCHEMA = BINARY DATABASE() ORDER BY 1`,
  );
  for (const { name, type } of tables) {
    const quoted = quote(name);
    const show = type === 'VIEW' ? 'VIEW' : type === 'SEQUENCE' ? 'SEQUENCE' : 'TABLE';
    const definition = described(source, (await connection.query(`SHOW CREATE ${show} ${quoted}`))[0]);
    // The collation says it; MySQL also names the character set of a column when its CREATE TABLE named the collation.
    print[`${type.toLowerCase()} ${name}`] = definition.replaceAll(/ CHARACTER SET \w+(?= COLLATE)/g, '');
    if (type === 'VIEW') continue;
    print[`rows of ${name}`] = await hashRows(
      source,
      name,
      type === 'SYSTEM VERSIONED' ? 'FOR SYSTEM_TIME ALL' : '',
    );
    // MySQL's checksum takes in the hidden columns of functional keys, whose bytes differ between equal tables.
    if (type === 'SEQUENCE' || / KEY .*\(\(/.test(definition)) continue;
    print[`checksum of ${name}`] = String(
      (await connection.query(`CHECKSUM TABLE ${quoted}`))[0]?.['Checksum'],
    );
  }
}

/** The rows with every column in hexadecimal, ordered by that. */
async function hashRows({ connection }: Source, table: string, period: string): Promise<string> {
  const columns = await connection.query<{ name: string; type: string }>(
    `SELECT COLUMN_NAME AS name, DATA_TYPE AS type FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = DATABASE() AND BINARY TABLE_SCHEMA = BINARY DATABASE() AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`,
    [table],
  );
  const names = columns.map(({ name }) => name);
  if (period !== '') names.push('ROW_START', 'ROW_END');
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const list = names.map(
    (name, index) => `${inHex(quote(name), types.get(name) ?? 'timestamp')} AS c${index}`,
  );
  const rows = await connection.query(`SELECT ${list.join(', ')} FROM ${quote(table)} ${period}`);
  const lines = rows.map((row) => JSON.stringify(Object.values(row))).sort();
  return `${rows.length} rows, sha256 ${createHash('sha256').update(lines.join('\n')).digest('hex')}`;
}

/** HEX rounds numbers and converts no text: numbers and times go through their exact text, bytes stay bytes. */
function inHex(column: string, type: string): string {
  const asText =
    /^((tiny|small|medium|big)?int|decimal|float|double|date.*|time.*|year|json|enum|set|uuid|inet.*)$/i;
  return asText.test(type) ? `HEX(CAST(${column} AS CHAR))` : `HEX(${column})`;
}

async function describeRoutines(source: Source): Promise<void> {
  const { connection, print } = source;
  const routines = await connection.query<{ name: string; type: string }>(
    `SELECT ROUTINE_NAME AS name, ROUTINE_TYPE AS type FROM information_schema.ROUTINES
     WHERE ROUTINE_SCHEMA = DATABASE() AND BINARY ROUTINE_SCHEMA = BINARY DATABASE() ORDER BY 2, 1`,
  );
  for (const { name, type } of routines) {
    const [row] = await connection.query(`SHOW CREATE ${type} ${quote(name)}`);
    print[`${type.toLowerCase()} ${name}`] = described(source, row);
  }
}

async function describeTriggers(source: Source): Promise<void> {
  const columns = [
    'EVENT_MANIPULATION',
    'EVENT_OBJECT_TABLE',
    'ACTION_TIMING',
    'ACTION_STATEMENT',
    'SQL_MODE',
    'DEFINER',
    'ACTION_ORDER',
    'CHARACTER_SET_CLIENT',
    'COLLATION_CONNECTION',
    'DATABASE_COLLATION',
  ];
  const triggers = await source.connection.query<Record<string, unknown>>(
    `SELECT TRIGGER_NAME AS name, ${columns.join(', ')} FROM information_schema.TRIGGERS
     WHERE TRIGGER_SCHEMA = DATABASE() AND BINARY TRIGGER_SCHEMA = BINARY DATABASE() ORDER BY 1`,
  );
  for (const { name, ...rest } of triggers) source.print[`trigger ${String(name)}`] = described(source, rest);
}

/** Whether an event is enabled is told apart: copies have theirs disabled. */
async function describeEvents(source: Source): Promise<void> {
  const columns = [
    'DEFINER',
    'TIME_ZONE',
    'EVENT_DEFINITION',
    'EVENT_TYPE',
    'EXECUTE_AT',
    'INTERVAL_VALUE',
    'INTERVAL_FIELD',
    'SQL_MODE',
    'STARTS',
    'ENDS',
    'ON_COMPLETION',
    'EVENT_COMMENT',
    'CHARACTER_SET_CLIENT',
    'COLLATION_CONNECTION',
    'DATABASE_COLLATION',
  ];
  const events = await source.connection.query<Record<string, unknown>>(
    `SELECT EVENT_NAME AS name, STATUS AS status, ${columns.join(', ')} FROM information_schema.EVENTS
     WHERE EVENT_SCHEMA = DATABASE() AND BINARY EVENT_SCHEMA = BINARY DATABASE() ORDER BY 1`,
  );
  for (const { name, status, ...rest } of events) {
    source.print[`event ${String(name)}`] = described(source, rest);
    source.print[`status of event ${String(name)}`] = String(status);
  }
}

function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
