import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSample, nextValues } from '../samples/samples.ts';
import type { TestedKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, sharedServer } from '../servers/servers.ts';
import { dropDatabase, run } from './contract.ts';
import { type Fingerprint, fingerprint } from './fingerprint.ts';

const weird = '"Büro & ""Lager"""';

/** A change, and the keys of the fingerprint that must tell of it. */
const mysqlChanges: [what: string, sql: string, keys: RegExp][] = [
  [
    'one byte of a BLOB',
    "UPDATE specimens SET every_byte = INSERT(every_byte, 200, 1, X'00') WHERE id = 0",
    /^rows of specimens$/,
  ],
  [
    'a byte that is no letter',
    "UPDATE specimens SET old_text = CONCAT(_latin1 X'81', SUBSTRING(old_text, 2)) WHERE id = 0",
    /^rows of specimens$/,
  ],
  [
    'a microsecond',
    'UPDATE customers SET joined_at = joined_at + INTERVAL 1 MICROSECOND WHERE id = 5',
    /^rows of customers$/,
  ],
  [
    'NULL instead of an empty text',
    'UPDATE specimens SET old_text = NULL WHERE id = 1',
    /^rows of specimens$/,
  ],
  ['a trigger that is gone', 'DROP TRIGGER price_audit', /^trigger price_audit$/],
  ['a view that changed', 'ALTER VIEW open_orders AS SELECT 1 AS x', /^view open_orders$/],
  ['a comment in a routine', "ALTER FUNCTION price_with_tax COMMENT 'else'", /^function price_with_tax$/],
  [
    'an event that was switched off',
    'ALTER EVENT nightly_totals DISABLE',
    /^status of event nightly_totals$/,
  ],
  [
    'a foreign key that is gone',
    'ALTER TABLE order_lines DROP FOREIGN KEY line_product',
    /^base table order_lines$/,
  ],
  ['AUTO_INCREMENT', 'ALTER TABLE nothing_yet AUTO_INCREMENT = 78', /^base table nothing_yet$/],
  ["the database's collation", 'ALTER DATABASE COLLATE utf8mb4_general_ci', /^database$/],
];

const postgresqlChanges: [what: string, sql: string, keys: RegExp][] = [
  [
    'one byte of a bytea',
    `UPDATE ${weird}.specimens SET every_byte = set_byte(every_byte, 199, 0) WHERE id = 0`,
    /^rows of .*specimens$/,
  ],
  [
    'a microsecond',
    "UPDATE shop.customers SET joined_at = joined_at + '1 us' WHERE id = 5",
    /^rows of shop.customers$/,
  ],
  [
    'NULL instead of an empty text',
    `UPDATE ${weird}.specimens SET words = '' WHERE words IS NULL`,
    /^rows of .*specimens$/,
  ],
  ['a byte of a large object', "SELECT lo_put(424242, 7, '\\x00')", /^rows of large object 424242$/],
  [
    'a trigger that is gone',
    'DROP TRIGGER price_audit ON shop.products',
    /^(trigger|comment on trigger) .*price_audit/,
  ],
  ['a trigger that was switched on', 'ALTER TABLE shop.products ENABLE TRIGGER asleep', /^trigger asleep/],
  [
    'a view that changed',
    'CREATE OR REPLACE VIEW shop.open_orders AS SELECT id, customer_id, placed_at, state FROM shop."order"',
    /^(view|relation) shop.open_orders$/,
  ],
  ['a grant that is gone', 'REVOKE UPDATE ON shop.products FROM deli_app', /^acl of shop.products$/],
  [
    'a grant on a column that is gone',
    'REVOKE UPDATE (name) ON shop.customers FROM deli_reader',
    /^acl of column shop.customers.name$/,
  ],
  [
    'another owner',
    'ALTER FUNCTION shop.price_with_tax(text) OWNER TO deli_app',
    /^(owner|acl) of function shop.price_with_tax\(text\)$/,
  ],
  ['a sequence', "SELECT nextval('shop.lottery')", /^sequence shop.lottery$/],
  ['a sequence that was not called yet', "SELECT setval('shop.primed', 41, true)", /^sequence shop.primed$/],
  [
    'a comment',
    "COMMENT ON COLUMN shop.products.name IS 'else'",
    /^comment on table column shop.products.name$/,
  ],
  ['row security', 'ALTER TABLE shop.customers NO FORCE ROW LEVEL SECURITY', /^relation shop.customers$/],
  [
    'a setting of the database',
    "ALTER DATABASE fingerprinted SET timezone = 'UTC'",
    /^setting of database TimeZone$/,
  ],
  [
    'a setting of a role in the database',
    'ALTER ROLE deli_app IN DATABASE fingerprinted RESET statement_timeout',
    /^setting of database for deli_app/,
  ],
  ['a grant on the database', 'GRANT CREATE ON DATABASE fingerprinted TO deli_app', /^acl of database$/],
];

const changes: Record<TestedKind, typeof mysqlChanges> = {
  'mysql-9.7': mysqlChanges,
  'mariadb-10.11': [
    ...mysqlChanges,
    ['a sequence', 'DO NEXTVAL(invoice_numbers)', /^rows of invoice_numbers$/],
  ],
  'postgresql-15': postgresqlChanges,
  'postgresql-18': postgresqlChanges,
};

for (const kind of Object.keys(changes) as TestedKind[]) {
  describe.skipIf(await serverIsMissing(kind))(`a fingerprint over ${kind}`, () => {
    const database = 'fingerprinted';
    let server: TestServer;
    let last: Fingerprint;

    beforeAll(async () => {
      server = await sharedServer(kind);
      await loadSample(server, database);
      last = await fingerprint(server, database);
    });
    afterAll(() => dropDatabase(server, database));

    test('is the same when nothing was changed, also for a second database with the same content', async () => {
      await loadSample(server, 'fingerprinted_twin');
      const twin = await fingerprint(server, 'fingerprinted_twin');
      await dropDatabase(server, 'fingerprinted_twin');
      expect(await fingerprint(server, database)).toEqual(last);
      expect(twin).toEqual(last);
    });

    test.each(changes[kind])('notices %s', async (_, sql, keys) => {
      await run(server, sql, database);
      const before = last;
      last = await fingerprint(server, database);
      const every = new Set([...Object.keys(before), ...Object.keys(last)]);
      const changed = [...every].filter((key) => before[key] !== last[key] && !key.startsWith('checksum of'));
      expect(changed.length).toBeGreaterThan(0);
      expect(changed.filter((key) => !keys.test(key))).toEqual([]);
    });

    test('says the next values anew each time', async () => {
      const first = await nextValues(server, database);
      const second = await nextValues(server, database);
      expect(Object.keys(second)).toEqual(Object.keys(first));
      for (const [name, value] of Object.entries(first))
        expect([name, second[name]]).not.toEqual([name, value]);
    });
  });
}
