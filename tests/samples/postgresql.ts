import { readFile } from 'node:fs/promises';
import { connect, type Connection } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { everyByte, makeShop, type Row, type Value } from './shop.ts';

/** Roles that own the sample's objects or are named in its grants. */
export const postgresqlRoles = ['deli_owner', 'deli_app', 'deli_reader', `deli'owner "2"`];

/** Creates the roles that the sample names, as a target of a restore needs them. */
export async function createPostgresqlRoles(server: TestServer): Promise<void> {
  const admin = await connect(server);
  try {
    for (const role of postgresqlRoles) {
      // Others may create the sample on this server at the same moment.
      const body = `BEGIN CREATE ROLE ${quote(role)}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END`;
      await admin.script(`DO $do$ ${body} $do$`);
    }
  } finally {
    await admin.close();
  }
}

/** Creates the database and fills it with the delicatessen. */
export async function loadPostgresqlSample(server: TestServer, database: string): Promise<void> {
  await createPostgresqlRoles(server);
  const name = quote(database);
  const admin = await connect(server);
  try {
    await admin.script(
      `CREATE DATABASE ${name} OWNER deli_owner TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'`,
    );
    await admin.script(`COMMENT ON DATABASE ${name} IS 'Feinkost; it''s "the" shop 🧀';
      REVOKE ALL ON DATABASE ${name} FROM PUBLIC;
      GRANT CONNECT ON DATABASE ${name} TO deli_app, deli_reader WITH GRANT OPTION;
      ALTER DATABASE ${name} SET timezone = 'America/Sao_Paulo';
      ALTER DATABASE ${name} SET search_path = shop, "Büro & ""Lager""", public;
      ALTER DATABASE ${name} CONNECTION LIMIT 40;
      ALTER ROLE deli_app IN DATABASE ${name} SET statement_timeout = '7s'`);
  } finally {
    await admin.close();
  }
  const connection = await connect(server, database);
  try {
    await connection.script(
      `SET search_path = pg_catalog; SET timezone = 'UTC'; SET client_min_messages = warning`,
    );
    await fill(connection);
  } finally {
    await connection.close();
  }
}

/** What every sequence hands out next. This uses the numbers up: ask last, and equally often on both sides. */
export async function postgresqlNextValues(
  server: TestServer,
  database: string,
): Promise<Record<string, unknown>> {
  const connection = await connect(server, database);
  try {
    const rows = await connection.query<{ name: string; value: string }>(
      `SELECT format('%I.%I', n.nspname, c.relname) AS name, nextval(c.oid)::text AS value
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S' ORDER BY 1`,
    );
    return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
  } finally {
    await connection.close();
  }
}

async function fill(connection: Connection): Promise<void> {
  const [server] = await connection.query<{ major: number; contrib: boolean; gist: boolean }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS major,
       (SELECT count(*) = 2 FROM pg_available_extensions WHERE name IN ('citext', 'hstore')) AS contrib,
       EXISTS (SELECT FROM pg_available_extensions WHERE name = 'btree_gist') AS gist`,
  );
  await connection.script(await part('tables'));
  await insertShop(connection);
  await insertSpecimens(connection);
  await connection.script(await part('code'));
  await connection.query('SELECT lo_from_bytea(424242, $1)', [
    Buffer.concat([everyByte, Buffer.alloc(5000, 'large')]),
  ]);
  await connection.script(`COMMENT ON LARGE OBJECT 424242 IS 'a scan'; SELECT lo_create(7)`);
  if (server?.contrib) await connection.script(await part('contrib'));
  if (server?.gist && server.major >= 18) await connection.script(await part('from-18'));
  await useTheShop(connection);
  await connection.script(await part('permissions'));
}

function part(name: string): Promise<string> {
  return readFile(new URL(`postgresql/${name}.sql`, import.meta.url), 'utf8');
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

async function insertShop(connection: Connection): Promise<void> {
  const shop = makeShop();
  await connection.script('BEGIN; ALTER TABLE shop.departments DISABLE TRIGGER ALL');
  await insert(connection, 'shop.categories', shop.categories);
  await insert(connection, 'shop.departments', shop.departments);
  await insert(connection, 'shop.employees', shop.employees);
  const producers = shop.producers.map(({ longitude, latitude, ...producer }) => ({
    ...producer,
    place: `(${longitude},${latitude})`,
    home: `("Plaza ""Mayor"", 1",${JSON.stringify(producer['name'])},)`,
  }));
  await insert(connection, 'shop.producers', producers);
  await insert(connection, 'shop.products', shop.products);
  const customers = shop.customers.map((customer) => ({
    ...customer,
    email: customer['email'] ?? 'nobody@example.org',
  }));
  await insert(connection, 'shop.customers', customers);
  await insert(connection, 'shop."order"', shop.orders);
  const few = shop.orderLines.map((line) => ({ ...line, quantity: Math.min(9, Number(line['quantity'])) }));
  await insert(connection, 'shop.order_lines', few);
  await insert(connection, 'shop.stock_movements', shop.movements);
  const pages = shop.movements.map(({ id }) => ({
    visitor: Number(id) % 97,
    page: `/käse/${Number(id)}`,
    views: Number(id) % 5,
  }));
  await insert(connection, 'shop.page_views', pages);
  await connection.script('ALTER TABLE shop.departments ENABLE TRIGGER ALL; COMMIT');
}

async function insert(connection: Connection, table: string, rows: readonly Row[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {})
    .map(quote)
    .join(', ');
  const json = JSON.stringify(rows, (_, value: Value) => asJson(value));
  await connection.query(
    `INSERT INTO ${table} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM json_populate_recordset(NULL::${table}, $1)`,
    [json],
  );
}

/** `JSON.stringify` has turned a Buffer into `{type, data}` before a replacer sees it. */
function asJson(value: Value): unknown {
  if (value && typeof value === 'object' && (value as { type?: unknown }).type === 'Buffer') {
    return `\\x${Buffer.from((value as { data: number[] }).data).toString('hex')}`;
  }
  return value;
}

async function insertSpecimens(connection: Connection): Promise<void> {
  const bytes = everyByte.toString('hex');
  await connection.script(`INSERT INTO "Büro & ""Lager""".specimens VALUES
    (0, '\\x${bytes}', B'101010101010', B'1', 12345678901234567890123456789012345.123456789012345678901234567890, 0.1, 0.1,
     '2026-01-09 02:00:00.123456+05:30', '1 year 2 mons -3 days 04:05:06.000007', '23:59:59.999999-03', '2001:db8::1/64',
     '08:00:2b:01:02:03:04:05', 'käse:1A ''it''''s'':2', 'käse & !wurst', '123e4567-e89b-12d3-a456-426655440000',
     '<a b="ü">é</a>', '{"b": 1,  "a" : [1.0, null], "a": 2}', '[2:3][-1:0]={{1,2},{3,NULL}}',
     ARRAY['', NULL, 'NULL', '"', '\\', '{,}', 'ñ 🧀'], ARRAY[ROW('"a", (b)', NULL, '')::shop.address],
     '[2026-01-01 00:00,infinity)', '{[1,3),[7,9)}', '((0,0),(1.5,1),(1,0))', '-12.34', '16/B374D848', E'\\x01'),
    (1, '', B'000000000000', B'', 'NaN', 'Infinity', '-0', '-infinity', '0', '00:00+00', '10.0.0.1', NULL, '', '', NULL,
     '', 'null', '{}', '{}', '{}', 'empty', '{}', NULL, 0, '0/0', ''),
    (-2147483648, NULL, NULL, NULL, '-1e-40', 2.2250738585072014e-308, 1.17549435e-38, '4713-01-01 00:00:00+00 BC', '-178000000 years',
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    INSERT INTO "Büro & ""Lager"""."weird ""name"" it's \`so\` 100% \\ strange/.. Ñandú 🦤" VALUES
      (0, 'zero', NULL, '', '\\', E'\\n'), (41, 'a b', '"', '''', '\`', '🔑\\.');
    INSERT INTO shop.people VALUES (1, 'Ana');
    INSERT INTO shop.guests VALUES (2, 'Bjørn', 7);
    INSERT INTO shop.baskets (content) VALUES ('two cheeses'), (E'\\\\.\\n')`);
}

/** Work that fires the triggers, and leaves sequences where nobody expects them. */
async function useTheShop(connection: Connection): Promise<void> {
  await connection.script(`UPDATE shop.products SET price = price + 1 WHERE id % 7 = 0;
    UPDATE shop.customers SET seen_at = '2026-01-09 02:00:00.125+00', budget = '[1,9.5)' WHERE id % 3 = 0;
    INSERT INTO shop.customers (id, name, email, joined_at) VALUES (99999, 'Zoë', 'Zoe@Example.ORG', '2026-01-01');
    INSERT INTO shop.order_lines VALUES (1, 90, 1, 2, 9.99);
    REFRESH MATERIALIZED VIEW shop.sales_by_product;
    SELECT setval('shop.employees_id_seq', 5000), nextval('shop.lottery'), nextval('shop.lottery'),
      setval('shop.primed', 41, false), setval('shop.order_id_seq', 1000), setval('shop.products_id_seq', 899999)`);
}
