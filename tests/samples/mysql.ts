import { readFile } from 'node:fs/promises';
import { connect, type Connection } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { everyByte, makeShop, type Row, type Value } from './shop.ts';

/** Views, procedures and the like belong to this account in part; it may read and execute everything. */
export const mysqlDefiner = 'deli_curator';

/** Creates the account that the sample's definers name, as a target of a restore needs it. */
export async function createMysqlAccounts(server: TestServer): Promise<void> {
  const admin = await connect(server);
  try {
    await admin.script(`CREATE USER IF NOT EXISTS '${mysqlDefiner}'@'%' IDENTIFIED BY 'Curate.1';
      GRANT SELECT, INSERT, UPDATE, EXECUTE ON *.* TO '${mysqlDefiner}'@'%'`);
  } finally {
    await admin.close();
  }
}

/** Creates the database and fills it with the delicatessen. */
export async function loadMysqlSample(server: TestServer, database: string): Promise<void> {
  const mariadb = server.kind.startsWith('mariadb');
  await createMysqlAccounts(server);
  const admin = await connect(server);
  const collation = mariadb ? 'utf8mb4_spanish_ci' : 'utf8mb4_es_0900_ai_ci';
  try {
    await admin.script(`CREATE DATABASE ${quote(database)} CHARACTER SET utf8mb4 COLLATE ${collation}`);
  } finally {
    await admin.close();
  }
  const connection = await connect(server, database);
  try {
    // Triggers and defaults that read the clock write the same on every run.
    await connection.script(`SET timestamp = 1767924000.123456, time_zone = '+00:00'`);
    await connection.script(await part('tables'));
    await insertShop(connection);
    await insertSpecimens(connection);
    for (const statement of (await part('code')).split(/\n\n+/))
      await connection.script(statement.replace(/;\s*$/, ''));
    await connection.script(await part(mariadb ? 'only-mariadb' : 'only-mysql'));
    await useTheShop(connection);
  } finally {
    await connection.close();
  }
}

/**
 * What AUTO_INCREMENT hands out next, by really inserting. This uses the numbers up: ask last, and equally often on
 * both sides of a comparison.
 */
export async function mysqlNextValues(
  server: TestServer,
  database: string,
): Promise<Record<string, unknown>> {
  const inserts = {
    categories: `INSERT INTO categories (name) VALUES ('next')`,
    employees: `INSERT INTO employees (name, department_id) VALUES ('next', 1)`,
    customers: `INSERT INTO customers (name, joined_at) VALUES ('next', '2026-01-01')`,
    order: `INSERT INTO \`order\` (customer_id, placed_at) VALUES (1, '2026-01-01')`,
    price_changes: `INSERT INTO price_changes (product_id, changed_by) VALUES (1, 'next')`,
    nothing_yet: `INSERT INTO nothing_yet () VALUES ()`,
  };
  const connection = await connect(server, database);
  try {
    const next: Record<string, unknown> = {};
    await connection.script('START TRANSACTION');
    for (const [table, insert] of Object.entries(inserts)) {
      await connection.script(insert);
      next[table] = (await connection.query<{ id: unknown }>('SELECT LAST_INSERT_ID() AS id'))[0]?.id;
    }
    await connection.script('ROLLBACK');
    if (server.kind.startsWith('mariadb')) {
      const sequences = 'SELECT NEXTVAL(invoice_numbers) AS invoice, NEXTVAL(`odd "sequence"`) AS odd';
      Object.assign(next, (await connection.query(sequences))[0]);
    }
    return next;
  } finally {
    await connection.close();
  }
}

function part(name: string): Promise<string> {
  return readFile(new URL(`mysql/${name}.sql`, import.meta.url), 'utf8');
}

export function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

async function insertShop(connection: Connection): Promise<void> {
  const shop = makeShop();
  await connection.script('SET foreign_key_checks = 0');
  await insert(connection, 'categories', shop.categories);
  await insert(connection, 'departments', shop.departments);
  await insert(connection, 'employees', shop.employees);
  for (const { longitude, latitude, ...producer } of shop.producers) {
    await connection.query('INSERT INTO producers SET ?, place = POINT(?, ?)', [
      producer,
      longitude,
      latitude,
    ]);
  }
  await insert(connection, 'products', shop.products);
  await insert(connection, 'customers', shop.customers);
  await insert(connection, 'order', shop.orders);
  await insert(connection, 'order_lines', shop.orderLines);
  await insert(connection, 'stock_movements', shop.movements);
  const pages = shop.movements.map(({ id }) => ({
    visitor: Number(id) % 97,
    page: `/käse/${Number(id)}`,
    views: Number(id) % 5,
  }));
  await insert(connection, 'page_views', pages);
  await connection.script('SET foreign_key_checks = 1');
}

async function insert(connection: Connection, table: string, rows: readonly Row[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  const values = rows.map((row) => columns.map((column) => asParameter(row[column] ?? null)));
  await connection.query(`INSERT INTO ${quote(table)} (${columns.map(quote).join(', ')}) VALUES ?`, [values]);
}

/** Lists are SETs, objects are JSON. */
function asParameter(value: Value): unknown {
  if (Array.isArray(value)) return value.join(',');
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value;
  return JSON.stringify(value);
}

async function insertSpecimens(connection: Connection): Promise<void> {
  const bytes = everyByte.toString('hex');
  await connection.script(`SET @saved_mode = @@sql_mode, sql_mode = 'NO_AUTO_VALUE_ON_ZERO';
    INSERT INTO specimens VALUES
      (0, X'${bytes}', X'00FF10275C220A0D1A00000000000000', b'101010101010', b'${'10'.repeat(32)}',
       _latin1 X'${bytes}', _utf8mb4 '日本酒ソ表', X'80C328FFFE00', 'ñ → 日', 18446744073709551615,
       12345678901234567890123456789012345.123456789012345678901234567890, 0.1, 0.5, '-838:59:59.000', 2026,
       '0000-00-00', ST_GeomFromText('POLYGON((0 0,10 0,10 10,0 10,0 0))')),
      (1, X'', X'', b'0', b'0', '', '', X'00', '', 0, -0.000000000000000000000000000001, -1.7976931348623157e308, -0.25,
       '00:00:00.001', 1901, '2024-02-29', ST_GeomFromText('POINT(0.1 -0.2)')),
      (-2147483648, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2.2250738585072014e-308, NULL, NULL, 0, NULL, NULL);
    INSERT INTO \`weird "name" it's \`\`so\`\` 100% \\ strange/.. Ñandú\` VALUES (0, 'zero', NULL, '', '\\\\', '\\n'), (41, 'a b', '"', '''', '\`', '🔑');
    INSERT INTO categories VALUES (0, NULL, 'kept at zero');
    SET sql_mode = @saved_mode`);
}

/** Work that fires the triggers, and leaves AUTO_INCREMENT beyond the highest row. */
async function useTheShop(connection: Connection): Promise<void> {
  await connection.script(`UPDATE products SET price = price + 1 WHERE id % 7 = 0;
    UPDATE customers SET seen_at = '2026-01-09 02:00:00.125' WHERE id % 3 = 0;
    INSERT INTO customers (name, email, joined_at) VALUES ('Zoë Gone', ' Zoe@Example.ORG ', '2026-01-01');
    DELETE FROM customers WHERE name = 'Zoë Gone';
    INSERT INTO order_lines VALUES (1, 90, 1, 2, 9.99)`);
}
