import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TableMeasure } from '../../../src/db/snapshot.ts';
import { loadSample } from '../../samples/samples.ts';
import { serverIsMissing } from '../../servers/servers.ts';
import { exactly, measureCopy } from './exact.ts';
import { makeHostile } from './hostile.ts';
import { makeZoo } from './zoo.ts';
import { type Bench, dump, flavours, freshDatabase, inside, openBench } from './support.ts';

function withoutFragile({ digest, ...measure }: TableMeasure): unknown {
  return { ...measure, method: digest.method, value: digest.value };
}

for (const kind of flavours) {
  describe.skipIf(await serverIsMissing(kind))(`exact measures of ${kind}`, () => {
    let bench: Bench;

    beforeAll(async () => {
      bench = await openBench(kind);
    });
    afterAll(async () => {
      await bench.close();
    });

    const measure = async (database: string) =>
      await exactly(bench).measure(database, await bench.adapter.inventory(database));
    /** The measures of a database and of its restored copy. */
    const both = async (database: string) => {
      const parts = await dump(bench, database);
      return [
        await measure(database),
        await measureCopy(bench, parts, `${database} copy`, database),
      ] as const;
    };

    it('are the same for a restored copy of everything that the sample has', async () => {
      await bench.admin.query('DROP DATABASE IF EXISTS measured_sample');
      await loadSample(bench.server, 'measured_sample');
      const [source, copy] = await both('measured_sample');
      expect(source.map(({ rows }) => rows).reduce((sum, rows) => sum + rows)).toBeGreaterThan(3000);
      expect(copy).toEqual(source);
    });

    it('are the same for a restored copy of tables with hostile names and bytes', async () => {
      await makeHostile(bench, 'measured hostile');
      const [source, copy] = await both('measured hostile');
      expect(copy).toEqual(source);
      expect(source.map(({ name }) => name)).toEqual(
        (await bench.adapter.inventory('measured hostile')).tables.map(({ name }) => name),
      );
    });

    it('are the same for a restored copy of every type, engine and way of storing rows, but for what no dump carries (F53)', async () => {
      await makeZoo(bench, 'measured zoo');
      const [source, copy] = await both('measured zoo');
      expect(copy.map(withoutFragile)).toEqual(source.map(withoutFragile));
      const changed = source
        .filter((measure, index) => JSON.stringify(measure) !== JSON.stringify(copy[index]))
        .map(({ name }) => name);
      const others = changed.filter((name) => !name.startsWith('in_'));
      expect(others).toEqual([
        ...(bench.adapter.server.flavour === 'mysql' ? ['documents'] : []),
        'floats',
        'times',
      ]);
      expect(changed).not.toContain('in_latin1');
      expect(changed.filter((name) => /^in_(utf|ucs)/.test(name))).toEqual([]);
    });

    /** Values that are different, though nearly the same. */
    const pairs: [type: string, a: string, b: string][] = [
      ['int', '1', '-1'],
      ['bigint unsigned', '18446744073709551615', '18446744073709551614'],
      ['decimal(40,20)', '1.00000000000000000001', '1'],
      ['double', '0.1', '0.10000000000000002'],
      ['double', '1e300', '1.0000000000000002e300'],
      ['float', '1.5', '1.50001'],
      ['bit(64)', "b'0'", "b'1'"],
      ['bit(64)', '18446744073709551615', '18446744073709551614'],
      ['year', '0', '2000'],
      ['date', "'2024-02-29'", "'2024-02-28'"],
      ['date', "'0000-00-00'", "'2000-00-00'"],
      ['datetime(6)', "'2024-01-01 00:00:00.000001'", "'2024-01-01'"],
      ['timestamp(3)', "'2024-01-01 00:00:00.001'", "'2024-01-01'"],
      ['time(6)', "'-00:00:00.000001'", "'00:00:00.000001'"],
      ['char(10)', "'a'", "'A'"],
      ['varchar(10)', "'a'", "'a '"],
      ['varchar(10)', "''", 'NULL'],
      ['varchar(10)', "'N'", 'NULL'],
      ['varchar(10) CHARACTER SET latin1', "'é'", "'è'"],
      ['varchar(10) CHARACTER SET sjis', "'ソ'", "'表'"],
      ['text', "''", 'NULL'],
      ['longtext', "CONCAT(REPEAT('x', 3000000), 'a')", "CONCAT(REPEAT('x', 3000000), 'b')"],
      ['text CHARACTER SET utf16', "'é'", "'è'"],
      ['varbinary(10)', "x'00'", "x'0000'"],
      ['binary(3)', "x'00'", "x'20'"],
      ['blob', "x'ff'", "x'fe'"],
      ["enum('a','b','1')", "'a'", "'1'"],
      ["set('a','b')", "'a,b'", "'a'"],
      ['json', `'{"a": 1}'`, `'{"a": "1"}'`],
      ['point', 'POINT(1, 2)', 'POINT(2, 1)'],
    ];

    it.each(pairs)('of %s tell %s from %s', async (type, a, b) => {
      const name = 'measured pair';
      await freshDatabase(bench, name);
      await inside(
        bench,
        name,
        `SET sql_mode = ''`,
        `CREATE TABLE t (id int, v ${type} NULL)`,
        `INSERT INTO t VALUES (1, ${a})`,
      );
      const [before] = await measure(name);
      await inside(bench, name, `SET sql_mode = ''`, `UPDATE t SET v = ${b}`);
      const [after] = await measure(name);
      expect(after?.digest.value).not.toBe(before?.digest.value);
      await inside(bench, name, `SET sql_mode = ''`, `UPDATE t SET v = ${a}`);
      expect(await measure(name)).toEqual([before]);
    });

    it('tell rows and columns apart that hold the same values otherwise', async () => {
      const name = 'measured rows';
      await freshDatabase(bench, name);
      await inside(bench, name, `CREATE TABLE t (a varchar(20), b varchar(20))`);
      const contents = [
        `('ab', 'c'), ('x', 'y')`,
        `('a', 'bc'), ('x', 'y')`,
        `('c', 'ab'), ('x', 'y')`,
        `('ab', 'y'), ('x', 'c')`,
        `('ab', 'c'), ('x', 'y'), ('x', 'y')`,
        `('ab', 'c'), ('ab', 'c'), ('x', 'y')`,
        `('ab', 'c'), ('ab', 'c')`,
        `('ab', 'c,1:x'), ('x', NULL)`,
        `('ab', 'c'), ('x', NULL)`,
        `('ab', 'c'), (NULL, 'x')`,
      ];
      const seen = new Set<string | undefined>();
      for (const content of contents) {
        await inside(bench, name, 'DELETE FROM t', `INSERT INTO t VALUES ${content}`);
        seen.add((await measure(name))[0]?.digest.value);
      }
      expect(seen.size).toBe(contents.length);
      await inside(bench, name, 'DELETE FROM t', `INSERT INTO t VALUES ('x', 'y'), ('ab', 'c')`);
      expect(seen).toContain((await measure(name))[0]?.digest.value);
      await inside(bench, name, 'ALTER TABLE t RENAME COLUMN b TO c');
      expect(seen).not.toContain((await measure(name))[0]?.digest.value);
    });

    it('tell a FLOAT, an invalid date and the like from columns that come back as they were (F53)', async () => {
      const name = 'measured fragile';
      await freshDatabase(bench, name);
      const mysql = bench.adapter.server.flavour === 'mysql';
      await inside(
        bench,
        name,
        `SET sql_mode = 'ALLOW_INVALID_DATES'`,
        `CREATE TABLE t (id int PRIMARY KEY, f float, g float, d date, dt datetime(3), fine date, j json, k varchar(20) CHARACTER SET cp932)`,
        `INSERT INTO t VALUES (1, 16777217, 0.5, '2023-02-31', '2023-04-31 01:02:03.5', '0000-00-00',
          JSON_OBJECT('price', CAST(1.10 AS DECIMAL(5,2))), x'8790'), (2, NULL, NULL, NULL, NULL, '2024-02-29', NULL, NULL)`,
      );
      const [[source], [copy]] = await both(name);
      expect(copy?.rows).toBe(2);
      expect(copy?.digest.value).toBe(source?.digest.value);
      const changed = source?.digest.fragile
        .filter(
          (column) =>
            !copy?.digest.fragile.some(
              (other) => other.column === column.column && other.value === column.value,
            ),
        )
        .map(({ column, type }) => `${column} ${type}`);
      expect(changed).toEqual([
        'f float',
        'd date',
        'dt datetime(3)',
        ...(mysql ? ['j json'] : []),
        'k varchar(20)',
      ]);
      expect(source?.digest.fragile.map(({ column }) => column)).not.toContain('fine');
    });
  });
}
