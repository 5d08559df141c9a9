import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { restoreByHand } from '../contract/by-hand.ts';
import { sample } from '../contract/contract.ts';
import { fingerprint } from '../contract/fingerprint.ts';
import { loadSample } from '../samples/samples.ts';
import { type Connection, connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { made, partsOf, streaming, type Streaming } from './streamed.ts';

const awful = [
  ...['say "hi"', `it's`, 'a`tick', 'new\nline', '-rf', '--help', '%like_', 'semi;colon', '$(id)'],
  ...['Foo', 'foo', 'FOO', 'back\\slash', 'Ünïcode', 'ｗｉｄｅ', ' lead', 'a=b', 'é'.repeat(60)],
];
const quote = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

for (const kind of ['mysql-9.7', 'mariadb-10.11'] as const) {
  describe.skipIf(await serverIsMissing(kind))(`a dump of ${kind} in several streams`, () => {
    const mariadb = kind.startsWith('mariadb');
    let server: TestServer;
    let admin: Connection;
    const open: Streaming[] = [];
    const of = async (database: string): Promise<Streaming> => {
      const vya = await streaming(server, database);
      open.push(vya);
      return vya;
    };
    /** A database with what `sql` makes, all of its statistics fresh. */
    async function fresh(database: string, ...sql: string[]): Promise<Streaming> {
      await admin.script(`DROP DATABASE IF EXISTS ${quote(database)}; CREATE DATABASE ${quote(database)}`);
      const session = await connect(server, database);
      for (const statement of sql) await session.script(statement);
      const tables = await session.query<{ name: string }>(
        `SELECT TABLE_NAME AS name FROM information_schema.TABLES
          WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE'`,
      );
      for (const { name } of tables) await session.script(`ANALYZE TABLE ${quote(name)}`);
      await session.close();
      return await of(database);
    }
    async function checksums(database: string): Promise<Record<string, unknown>> {
      const session = await connect(server, database);
      const tables = await session.query<{ name: string }>(
        `SELECT TABLE_NAME AS name FROM information_schema.TABLES
          WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')`,
      );
      const sums: Record<string, unknown> = {};
      for (const { name } of tables) {
        const [row] = await session.query<{ Checksum: unknown }>(`CHECKSUM TABLE ${quote(name)}`);
        sums[name] = row?.Checksum;
      }
      await session.close();
      return sums;
    }
    async function comesBack(vya: Streaming, database: string): Promise<string[]> {
      const backup = made(await vya.backUp());
      await vya.restore(backup, 'copy of it');
      expect(await checksums('copy of it')).toEqual(await checksums(database));
      await admin.script('DROP DATABASE `copy of it`');
      return await partsOf(backup);
    }
    const fill = (table: string, rows: number): string =>
      `INSERT INTO ${table} VALUES ${Array.from({ length: rows }, (_, n) => `(${n}, REPEAT('${n}', 20))`).join(',')}`;

    beforeAll(async () => {
      server = await startServer(kind);
      admin = await connect(server);
    });
    afterAll(async () => {
      await admin.close();
      for (const vya of open) await vya.remove();
      await server.stop();
    });

    it('holds all that one stream does, by vya and by hand', async () => {
      await loadSample(server, sample);
      const vya = await of(sample);
      const original = await fingerprint(server, sample);
      const backup = made(await vya.backUp());
      expect(await partsOf(backup)).toEqual(
        expect.arrayContaining(['1-definitions', '2-rows-01', '2-rows-02', '3-objects', '4-events']),
      );
      await vya.restore(backup, sample);
      expect(await fingerprint(server, sample)).toEqual(original);
      await admin.script(`DROP DATABASE ${sample}`);
      const space = { path: vya.folder, env: { PATH: vya.context.env['PATH'] ?? '' } };
      const byHand = await restoreByHand({ server, second: server, space }, backup, 'zstd -dc');
      expect(byHand.print).toEqual(original);
    });

    it('takes tables of any name, views whose names differ in case alone, and a key of any name (F34)', async () => {
      const tables = awful.map((name) => `CREATE TABLE ${quote(name)} (id int PRIMARY KEY, v varchar(100))`);
      const key = quote(`odd "key" it's`);
      const vya = await fresh(
        'awful `names`',
        ...tables,
        ...awful.map((name, index) => fill(quote(name), 10 + index)),
        `CREATE TABLE large (${key} bigint UNSIGNED PRIMARY KEY, v varchar(200))`,
        fill('large', 5000),
        `INSERT INTO large VALUES (18446744073709551615, 'last')`,
        'CREATE VIEW LARGE AS SELECT 1 AS one',
      );
      expect(await comesBack(vya, 'awful `names`')).toEqual([
        ...['1-definitions', '2-rows-01', '2-rows-02', '2-rows-03', '2-rows-04', '3-objects'],
      ]);
    });

    it('takes hundreds of tables, and one table alone in ranges', async () => {
      const many = Array.from(
        { length: 300 },
        (_, n) => `CREATE TABLE t${n} (id int PRIMARY KEY, v varchar(50))`,
      );
      const vya = await fresh('many', many.join(';'), ...[0, 7, 299].map((n) => fill(`t${n}`, 50)));
      expect(await comesBack(vya, 'many')).toEqual(['1-definitions', '2-rows-01', '2-rows-02', '2-rows-03']);
      const alone = await fresh(
        'alone',
        'CREATE TABLE t (id int, k int, v varchar(50), PRIMARY KEY (id, k))',
        `INSERT INTO t SELECT seq.n - 500, 1, 'x' FROM (SELECT a.n + 10 * b.n + 100 * c.n AS n FROM ${digits('a')}, ${digits('b')}, ${digits('c')}) seq`,
      );
      expect(await comesBack(alone, 'alone')).toEqual([
        '1-definitions',
        '2-rows-01',
        '2-rows-02',
        '2-rows-03',
      ]);
    });

    it('is one stream where there is nothing to divide', async () => {
      expect(await comesBack(await fresh('empty'), 'empty')).toEqual(['1-tables']);
      const event = await fresh('event', 'CREATE EVENT e ON SCHEDULE EVERY 1 YEAR DO SELECT 1');
      expect(await comesBack(event, 'event')).toEqual(['1-tables', '3-events']);
      const text = await fresh(
        'text',
        'CREATE TABLE t (id varchar(50) PRIMARY KEY, v varchar(200))',
        fill('t', 100),
      );
      expect(await comesBack(text, 'text')).toEqual(['1-tables']);
      const outside = await fresh(
        'outside',
        'CREATE TABLE t (id int PRIMARY KEY, v varchar(200)) ENGINE=MyISAM',
        fill('t', 100),
      );
      expect(await comesBack(outside, 'outside')).toEqual(['1-tables']);
    });

    if (mariadb)
      it('hands out no value of a sequence again that is in a row, and keeps the history of rows', async () => {
        const vya = await fresh(
          'mixed',
          'CREATE SEQUENCE numbers NOCACHE',
          'CREATE TABLE a (id int PRIMARY KEY DEFAULT NEXTVAL(numbers), v int)',
          'INSERT INTO a (v) VALUES (1), (2), (3)',
          'CREATE TABLE old (id int PRIMARY KEY, v int) WITH SYSTEM VERSIONING',
          'INSERT INTO old VALUES (1, 1); UPDATE old SET v = 2; DELETE FROM old',
        );
        const backup = made(await vya.backUp());
        await vya.restore(backup, 'mixed_copy');
        const copy = await connect(server, 'mixed_copy');
        await copy.script('INSERT INTO a (v) VALUES (4)');
        expect(await copy.query('SELECT id FROM a WHERE v = 4')).toEqual([{ id: 4 }]);
        expect(await copy.query('SELECT v FROM old FOR SYSTEM_TIME ALL ORDER BY v')).toEqual([
          { v: 1 },
          { v: 2 },
        ]);
        await copy.close();
      });
  });
}

function digits(alias: string): string {
  return `(${Array.from({ length: 10 }, (_, n) => `SELECT ${n} AS n`).join(' UNION ALL ')}) ${alias}`;
}
