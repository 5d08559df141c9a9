import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadSample } from '../../samples/samples.ts';
import { serverIsMissing } from '../../servers/servers.ts';
import { exactly, measureCopy } from './exact.ts';
import { makeHostile } from './hostile.ts';
import { type Bench, dump, flavours, freshDatabase, inside, openBench } from './support.ts';

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
