import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { optionFile } from '../../../src/db/mysql/option-file.ts';
import type { StoredPart } from '../../../src/db/adapter.ts';
import type { ClientProgram } from '../../../src/db/client-program.ts';
import { runPipeline } from '../../../src/exec/pipeline.ts';
import { serverIsMissing } from '../../servers/servers.ts';
import { makeHostile } from './hostile.ts';
import {
  type Bench,
  dump,
  flavours,
  freshDatabase,
  inside,
  load,
  openBench,
  picture,
  quote,
} from './support.ts';
import { targetOf } from '../target.ts';

for (const kind of flavours) {
  describe.skipIf(await serverIsMissing(kind))(`dump of ${kind}`, () => {
    let bench: Bench;
    let parts: StoredPart[];
    const name = 'dump it?.1';

    beforeAll(async () => {
      bench = await openBench(kind);
      await makeHostile(bench, name);
      parts = await dump(bench, name);
    });
    afterAll(async () => {
      await bench.close();
    });

    /** MariaDB keeps a trigger's statement as it was typed; in a copy it no longer names the source. */
    const nameless = (seen: Record<string, unknown>, own: string) =>
      JSON.stringify(seen, null, 1)
        .replaceAll(`${quote(own)}.trg`, 'trg')
        .replaceAll(`ON ${quote(own)}.foo`, 'ON foo')
        .replaceAll(quote(own), quote(name));

    /** MySQL says the character set of a column besides its collation once a table was flushed from its cache. */
    async function textOf(part: StoredPart | undefined): Promise<string> {
      const text = await readFile(part?.path ?? '', 'utf8');
      return text.replaceAll(' CHARACTER SET utf8mb4 COLLATE', ' COLLATE');
    }

    it('brings everything back under another name, with nothing pointing at the source (F10, F26)', async () => {
      const before = await picture(bench, name);
      const copy = 'copy of `dump?';
      await freshDatabase(bench, copy);
      await load(bench, parts, copy, { sourceDatabase: name });
      expect(nameless(await picture(bench, copy), copy)).toBe(nameless(before, name));
      expect(await picture(bench, name)).toEqual(before);
      if (bench.adapter.server.flavour !== 'mariadb') return;
      const history = (database: string) =>
        bench.admin.query(
          `SELECT id, ROW_START, ROW_END FROM ${quote(database)}.versioned FOR SYSTEM_TIME ALL ORDER BY id`,
        );
      expect(await history(copy)).toHaveLength(2);
      expect(await history(copy)).toEqual(await history(name));
    });

    it('says what its parts hold, and ends each with the marker (F4)', async () => {
      const mariadb = bench.adapter.server.flavour === 'mariadb';
      expect(parts.map(({ holds }) => holds)).toEqual([
        mariadb ? ['tables', 'sequences'] : ['tables'],
        ['triggers', 'routines', 'views'],
        ['events'],
      ]);
      for (const part of parts) expect(await textOf(part)).toMatch(/-- Dump completed\s*$/);
    });

    it('never names a database to use or to create, and is the same each time (F26)', async () => {
      for (const part of parts)
        expect(await textOf(part)).not.toMatch(/^(USE|CREATE DATABASE|DROP TABLE)\b/m);
      const again = await dump(bench, name);
      for (const [index, part] of again.entries())
        expect(await textOf(part)).toBe(await textOf(parts[index]));
    });

    it('keeps tables and objects apart', async () => {
      const [tables, objects, events] = await Promise.all(parts.map(textOf));
      expect(tables).toContain('CREATE TABLE `foo`');
      expect(tables).toContain('CREATE TABLE `Foo`');
      expect(tables).not.toMatch(/\b(VIEW|TRIGGER|FUNCTION|PROCEDURE|EVENT)\b/);
      expect(objects).not.toMatch(/^(CREATE TABLE|INSERT)/m);
      expect(events).not.toMatch(/^(CREATE TABLE|INSERT)|\bTRIGGER\b/m);
    });

    it('loads by hand, all parts in the order of their names', async () => {
      const all = path.join(bench.folder, 'all.sql');
      await writeFile(all, (await Promise.all(parts.map((part) => readFile(part.path)))).join('\n'));
      const before = await picture(bench, name);
      await freshDatabase(bench, name);
      const { path: file } = bench.programs.load;
      const content = optionFile(targetOf(bench.server), bench.adapter.server.encrypted, bench.programs.load);
      const secretFile = { content, as: { argument: '--defaults-file=' } };
      const command = {
        file,
        args: ['--binary-mode', '--comments', `--database=${name}`],
        env: {},
        secretFile,
      };
      await runPipeline([command], { signal: new AbortController().signal, input: all, output: 'drop' });
      expect(await picture(bench, name)).toEqual(before);
    });

    it.each([
      '-rf',
      '--help',
      '../../evil',
      "a'b",
      'say "hi"',
      'new\nline',
      'tab\there',
      '$(id)',
      'Foo',
      'foo',
      'a=b',
      'é'.repeat(64),
      '名'.repeat(48),
    ])('takes a database that is called %j, and the tables of that name in it (F34)', async (database) => {
      await freshDatabase(bench, database);
      await inside(
        bench,
        database,
        `CREATE TABLE ${quote(database)} (id int PRIMARY KEY, v varchar(80))`,
        `INSERT INTO ${quote(database)} VALUES (1, 'of ${database.replaceAll("'", "''")}')`,
        `CREATE VIEW v AS SELECT * FROM ${quote(database)}`,
        `CREATE FUNCTION f () RETURNS int DETERMINISTIC RETURN 1`,
      );
      const before = await picture(bench, database);
      const stored = await dump(bench, database);
      await freshDatabase(bench, database);
      await load(bench, stored, database);
      expect(await picture(bench, database)).toEqual(before);
      await bench.admin.query(`DROP DATABASE ${quote(database)}`);
    });

    it('takes databases that hold nothing, only views, or only an event', async () => {
      await freshDatabase(bench, 'nothing');
      expect((await dump(bench, 'nothing')).map(({ holds }) => holds)).toEqual([['tables']]);
      await inside(bench, 'nothing', 'CREATE VIEW a AS SELECT 1 AS one', 'CREATE VIEW b AS SELECT * FROM a');
      const views = await dump(bench, 'nothing');
      expect(views).toHaveLength(2);
      expect(await textOf(views[0])).not.toContain('VIEW');
      await freshDatabase(bench, 'nothing');
      await load(bench, views, 'nothing');
      expect((await bench.adapter.inventory('nothing')).views.map((view) => view.name)).toEqual(['a', 'b']);
      await freshDatabase(bench, 'nothing');
      await inside(bench, 'nothing', 'CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SET @a = 1');
      expect((await dump(bench, 'nothing')).map(({ holds }) => holds)).toEqual([['tables'], ['events']]);
    });

    it('does not lose a table to a view whose name differs in case alone, also without --ignore-views', async () => {
      const { dump: program } = bench.programs;
      const older: ClientProgram = {
        ...program,
        options: new Set([...program.options].filter((option) => option !== 'ignore-views')),
      };
      const bare = { ...bench, programs: { ...bench.programs, dump: older } };
      const [tables, expected] = [await dump(bare, name), await dump(bench, name)];
      expect(await textOf(tables[0])).toBe(await textOf(expected[0]));
      await freshDatabase(bench, 'plain.`"\'#');
      await inside(
        bench,
        'plain.`"\'#',
        'CREATE TABLE t (id int)',
        'CREATE VIEW `v "#\'\\.x` AS SELECT 1 AS one',
      );
      const text = await textOf((await dump({ ...bare }, 'plain.`"\'#'))[0]);
      expect(text).toContain('CREATE TABLE `t`');
      expect(text).not.toContain('VIEW');
    });

    it('loads triggers and events that were made among other statements', async () => {
      await freshDatabase(bench, 'packet');
      await inside(
        bench,
        'packet',
        `CREATE TABLE t (id int); CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW SET new.id = 1; CREATE TRIGGER b AFTER INSERT ON t FOR EACH ROW BEGIN SET @a = 1; END;
          CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO SET @a = 1; CREATE EVENT f ON SCHEDULE EVERY 1 DAY DO BEGIN SET @a = 1; END; SELECT 1;`,
      );
      const stored = await dump(bench, 'packet');
      await freshDatabase(bench, 'packet');
      await load(bench, stored, 'packet');
      const { triggers, events } = await bench.adapter.inventory('packet');
      expect([triggers.length, events.length]).toEqual([2, 2]);
    });

    it('creates the events of a copy disabled, with all else as it was (F50)', async () => {
      const copy = 'quiet copy';
      await freshDatabase(bench, copy);
      await load(bench, parts, copy, { sourceDatabase: name, disableEvents: true });
      const { events } = await bench.adapter.inventory(copy);
      expect(events).toHaveLength(2);
      expect(events.every(({ enabled }) => !enabled)).toBe(true);
      const enabled = nameless(await picture(bench, copy), copy).replace(
        'PRESERVE DISABLE DO SET @a',
        'PRESERVE ENABLE DO SET @a',
      );
      expect(enabled).toBe(nameless(await picture(bench, name), name));
    });

    it('runs no command of the client that stands in a dump (F23)', async () => {
      const flag = path.join(bench.folder, 'hacked');
      await freshDatabase(bench, 'victim');
      for (const line of [
        `\\! touch ${flag}`,
        `system touch ${flag}`,
        `SELECT 1; \\! touch ${flag}`,
        `tee ${flag}`,
        `\\T ${flag}`,
        `\\. ${flag}.sql`,
      ]) {
        const file = path.join(bench.folder, 'evil.sql');
        await writeFile(file, `CREATE TABLE IF NOT EXISTS t (id int);\n${line}\nSELECT 1;\n`);
        const part: StoredPart = { path: file, format: 'sql', holds: ['tables'] };
        await expect(load(bench, [part], 'victim')).rejects.toThrow(/exited with 1/);
        await expect(readFile(flag)).rejects.toThrow(/ENOENT/);
      }
    });

    it('takes the line with which dumps of MariaDB begin, whether its client knows a sandbox or not (F24)', async () => {
      await freshDatabase(bench, 'sandboxed');
      const { load: client } = bench.programs;
      const older = { ...client, options: new Set([...client.options].filter((name) => name !== 'sandbox')) };
      for (const program of [client, older]) {
        const file = path.join(bench.folder, 'sandbox.sql');
        const line = '/*M!999999\\- enable the sandbox mode */ ';
        await writeFile(file, `${line}\nCREATE TABLE IF NOT EXISTS t (id int);\nINSERT INTO t VALUES (1);\n`);
        const part: StoredPart = { path: file, format: 'sql', holds: ['tables'] };
        await load({ ...bench, programs: { ...bench.programs, load: program } }, [part], 'sandboxed');
      }
      const rows = await bench.admin.query('SELECT COUNT(*) AS count FROM sandboxed.t');
      expect(rows).toEqual([{ count: 2 }]);
    });

    it('needs no privilege to flush where the server counts transactions, and sets no GTIDs (F45)', async () => {
      const { admin, server } = bench;
      const own = kind === 'mysql-9.7' ? 'SHOW_ROUTINE' : 'EXECUTE';
      const grants = `SELECT, SHOW VIEW, TRIGGER, EVENT, ${own}`;
      await admin.query(`CREATE USER never_flushes IDENTIFIED BY 'Secret.1'`);
      await admin.query(`GRANT ${grants} ON *.* TO never_flushes`);
      const reader = await openBench(kind, { user: 'never_flushes', password: 'Secret.1' });
      try {
        if (kind === 'mysql-9.7') {
          expect(await admin.query('SELECT @@gtid_mode AS mode')).toEqual([{ mode: 'ON' }]);
        }
        const [tables] = await dump({ ...reader, server }, name);
        expect(await textOf(tables)).toContain('INSERT INTO');
        expect(await textOf(tables)).not.toMatch(/gtid/i);
      } finally {
        await reader.close();
        await admin.query('DROP USER never_flushes');
      }
    });

    it("reads nobody's option files: ~/.my.cnf and MYSQL_ variables change no dump (F3)", async () => {
      const home = await mkdtemp(path.join(bench.folder, 'home-'));
      await writeFile(path.join(home, '.my.cnf'), '[client]\nuser=nobody\n[mysqldump]\nno-data\n', {
        mode: 0o600,
      });
      for (const [variable, value] of Object.entries({
        HOME: home,
        MYSQL_HOME: home,
        MARIADB_HOME: home,
        MYSQL_PWD: 'wrong',
        MYSQL_HOST: 'nowhere.invalid',
        MYSQL_TCP_PORT: '1',
      }))
        vi.stubEnv(variable, value);
      try {
        const again = await dump(bench, name);
        expect(await textOf(again[0])).toBe(await textOf(parts[0]));
      } finally {
        vi.unstubAllEnvs();
      }
    });

    it('stops loading at the first error (F18)', async () => {
      await freshDatabase(bench, 'victim');
      const file = path.join(bench.folder, 'broken.sql');
      await writeFile(
        file,
        'CREATE TABLE a (id int);\nINSERT INTO nowhere VALUES (1);\nCREATE TABLE b (id int);\n',
      );
      const loading = load(bench, [{ path: file, format: 'sql', holds: ['tables'] }], 'victim');
      await expect(loading).rejects.toMatchObject({ kind: 'failed' });
      expect((await bench.adapter.inventory('victim')).tables.map((table) => table.name)).toEqual(['a']);
    });
  });
}
