import { describe, expect, onTestFinished, test } from 'vitest';
import type { DatabaseAdapter } from '../../../src/db/adapter.ts';
import type { TableMeasure } from '../../../src/db/snapshot.ts';
import { measureTables } from '../../../src/db/postgresql/exact/measure.ts';
import { withDatabase } from '../../../src/db/postgresql/session.ts';
import { createPostgresqlRoles, loadPostgresqlSample } from '../../samples/postgresql.ts';
import { connect } from '../../servers/connect.ts';
import type { TestServer } from '../../servers/server.ts';
import { serverIsMissing, sharedServer } from '../../servers/servers.ts';
import { targetOf } from '../target.ts';
import { dropDatabase, dump, emptyInventory, loadFresh, open, signal } from './harness.ts';
import { unique } from './rich-database.ts';

/** Tables of one of nearly every kind, beside those of the sample. */
const ODD_TABLES = `
  CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  CREATE TABLE loud (name text COLLATE nocase, mood text);
  INSERT INTO loud VALUES ('Ana', 'x'), ('ANA', 'y');
  CREATE TABLE no_columns (); INSERT INTO no_columns DEFAULT VALUES; INSERT INTO no_columns DEFAULT VALUES;
  CREATE TABLE twice (a int); INSERT INTO twice VALUES (1), (1), (NULL);
  CREATE TYPE mood AS ENUM ('sad', 'glad');
  CREATE TABLE moods (m mood, many mood[], j json, p point, x xml, r regclass, b char(4), d numeric);
  INSERT INTO moods VALUES ('glad', '{sad,glad}', '{"a":  1}', '(1,2)', '<a/>', 'moods', 'a', 1.10), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
  CREATE TABLE parent (id int); CREATE TABLE child (extra text) INHERITS (parent); ALTER TABLE parent ADD COLUMN late int DEFAULT 3;
  INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2, 'e');`;

async function fill(server: TestServer, name: string): Promise<void> {
  await loadPostgresqlSample(server, name);
  onTestFinished(() => dropDatabase(server, name));
  const inside = await connect(server, name);
  await inside.script(`SET search_path = public; ${ODD_TABLES}`);
  await inside.close();
}

const names = (measures: readonly TableMeasure[]) => measures.map(({ schema, name }) => `${schema}.${name}`);
const measure = async (adapter: DatabaseAdapter, name: string) =>
  await adapter.measure(name, await adapter.inventory(name));

describe.each(['postgresql-15', 'postgresql-18'] as const)('exact measures of %s', async (kind) => {
  const missing = await serverIsMissing(kind);

  test.skipIf(missing)(
    'of a restored database are its source’s, for every kind of table and type',
    async () => {
      const server = await sharedServer(kind);
      const name = unique('measured');
      await fill(server, name);
      const adapter = await open(server);
      const measures = await measure(adapter, name);
      const { part } = await dump(server, adapter, name);
      const fresh = await loadFresh(server, adapter, part, await adapter.inventory(name));
      expect(await measure(adapter, fresh)).toEqual(measures);

      const rows = Object.fromEntries(measures.map((each) => [`${each.schema}.${each.name}`, each.rows]));
      expect(rows).toMatchObject({
        'public.no_columns': 2,
        'public.twice': 3,
        'public.parent': 1,
        'public.child': 1,
      });
      expect(rows).toMatchObject({ 'pg_catalog.pg_largeobject': 2 });
      // Leaves and not what they belong to, and nothing of another server.
      expect(names(measures)).toContain('shop.stock_2025_rest');
      expect(names(measures)).toContain('shop.page_views_0');
      for (const absent of ['shop.stock_movements', 'shop.stock_2025', 'shop.page_views', 'shop.far_orders'])
        expect(names(measures)).not.toContain(absent);
      const products = measures.find((each) => each.name === 'products');
      expect(products?.digest.fragile.map(({ column, type }) => `${column} ${type}`)).toEqual([
        'origin generated',
        'price_per_kg generated',
      ]);
    },
  );

  test.skipIf(missing)('do not depend on what a database or role has set', async () => {
    const server = await sharedServer(kind);
    const name = unique('settings');
    await fill(server, name);
    const adapter = await open(server);
    const before = await measure(adapter, name);
    const admin = await connect(server);
    const settings = {
      datestyle: 'SQL, DMY',
      intervalstyle: 'iso_8601',
      extra_float_digits: '-5',
      bytea_output: 'escape',
      timezone: 'Asia/Kolkata',
      search_path: 'public',
      lc_monetary: 'C',
      quote_all_identifiers: 'on',
      statement_timeout: '1',
      idle_in_transaction_session_timeout: '1',
    };
    for (const [setting, value] of Object.entries(settings))
      await admin.query(`ALTER DATABASE ${name} SET ${setting} TO '${value}'`);
    await admin.close();
    expect(await measure(adapter, name)).toEqual(before);
  });

  test.skipIf(missing)('tell values apart that the server calls equal, and nothing else', async () => {
    const server = await sharedServer(kind);
    const name = unique('apart');
    const adapter = await open(server);
    await adapter.createDatabase(name, emptyInventory);
    onTestFinished(() => dropDatabase(server, name));
    const inside = await connect(server, name);
    onTestFinished(() => inside.close());
    const pairs: [type: string, one: string, other: string][] = [
      ['numeric', '1.0', '1.00'],
      ['float8', '0', '-0'],
      ['float4', '0.1', '0.10000001'],
      ['interval', '1 month', '30 days'],
      ['bpchar', 'a', 'a  '],
      ['text', '', ' '],
      ['json', '{"a":1}', '{"a": 1}'],
      ['jsonb', '[1.0]', '[1.00]'],
      ['bytea', '\\x00', '\\x0000'],
      ['timestamptz', '2026-01-09 00:00:00.000001+00', '2026-01-09 00:00:00.000002+00'],
      ['text[]', '{NULL}', '{"NULL"}'],
      ['int[]', '[2:2]={1}', '{1}'],
      ['varbit', '0', '00'],
      ['inet', '10.0.0.1', '10.0.0.1/31'],
    ];
    const tables = pairs.flatMap(([type, one, other], index) =>
      Object.entries({
        first: [one, other, one],
        shuffled: [one, one, other],
        changed: [other, one, other],
      }).map(([which, values]) => ({ type, values, table: `${which}_${index}` })),
    );
    for (const { type, values, table } of tables) {
      await inside.script(`CREATE TABLE ${table} (v ${type}, w int)`);
      for (const value of values) await inside.query(`INSERT INTO ${table} VALUES ($1, 1)`, [value]);
    }
    const digests = new Map((await measure(adapter, name)).map((each) => [each.name, each.digest.value]));
    for (const [index, [type]] of pairs.entries()) {
      const [first, shuffled, changed] = ['first', 'shuffled', 'changed'].map((which) =>
        digests.get(`${which}_${index}`),
      );
      expect(shuffled, type).toBe(first);
      expect(changed, type).not.toBe(first);
    }
  });
});

test.skipIf(await serverIsMissing('postgresql-15'))(
  'a server that cannot hash records digests by text, which is another method',
  async () => {
    const server = await sharedServer('postgresql-15');
    const name = unique('thirteen');
    const adapter = await open(server);
    await adapter.createDatabase(name, emptyInventory);
    onTestFinished(() => dropDatabase(server, name));
    const inside = await connect(server, name);
    await inside.script(`CREATE TABLE t (a int, b numeric); INSERT INTO t VALUES (1, 1.0), (NULL, NULL);
      CREATE TABLE u (a int, b numeric); INSERT INTO u VALUES (1, 1.00), (NULL, NULL); SELECT lo_from_bytea(0, 'x')`);
    await inside.close();
    const thirteen = { ...adapter.server, version: { text: '13.0', major: 13, minor: 0, patch: 0 } };
    const measures = await withDatabase(targetOf(server), name, signal, (database) =>
      database.transaction((query) => measureTables(query, thirteen)),
    );
    expect(measures.map(({ name: table, rows }) => [table, rows])).toEqual([
      ['t', 2],
      ['u', 2],
      ['pg_largeobject', 1],
    ]);
    expect(new Set(measures.map(({ digest }) => digest.value)).size).toBe(3);
    const [now] = await measure(adapter, name);
    expect(measures[0]?.digest.method).not.toBe(now?.digest.method);
  },
);

const one = (await serverIsMissing('postgresql-15')) || (await serverIsMissing('postgresql-18'));

test.skipIf(one)('PostgreSQL 15 and 18 measure alike, by one method', async () => {
  const [source, target] = [await sharedServer('postgresql-15'), await sharedServer('postgresql-18')];
  const name = unique('moved');
  await fill(source, name);
  await createPostgresqlRoles(target);
  const [from, into] = [await open(source), await open(target)];
  const { part } = await dump(source, from, name);
  const fresh = await loadFresh(target, into, part, await from.inventory(name));
  expect(await measure(into, fresh)).toEqual(await measure(from, name));
});
