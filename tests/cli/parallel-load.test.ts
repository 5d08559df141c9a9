import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServerKind } from '../servers/kinds.ts';
import { connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, sharedServer } from '../servers/servers.ts';
import { made, partsOf, streaming } from '../streams/streamed.ts';
import { changePart, tamperedCopy, type TamperedBackup } from './hostile-backup.ts';
import { inSeveralStreams } from './several-streams.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { workspace, type Workspace, type VyaResult } from './vya.ts';

const kinds: ServerKind[] = ['mysql-9.7', 'mariadb-10.11', 'mariadb-11.8'];
const name = 'streams_of';
const copy = 'streams_copy';
const restoreMode = '/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;';

/** Tables with everything that a key or a constraint can be; `big…` ones are large enough for their keys to be set aside. */
function tables(kind: ServerKind): string {
  const mariadb = kind.startsWith('mariadb');
  return `
    CREATE TABLE parents (id int PRIMARY KEY AUTO_INCREMENT, code varchar(20) NOT NULL, other int, UNIQUE KEY code (code),
      first_child int, KEY first_child (first_child)) DEFAULT CHARSET=utf8mb4;
    CREATE TABLE big (id int NOT NULL AUTO_INCREMENT, parent int, parent_code varchar(20), name varchar(60) NOT NULL, born date,
      price decimal(10,2), note text, g decimal(12,2) AS (price * 2) STORED, v int AS (char_length(name)) VIRTUAL,
      PRIMARY KEY (id), UNIQUE KEY z_unique (name, id), UNIQUE KEY nullable (born, id), KEY by_v (v), KEY b (price DESC, born),
      KEY prefix (note(20)) COMMENT 'x), KEY ("', KEY a (name(10), parent), KEY parent (parent), KEY parent_code (parent_code),
      CONSTRAINT fk_b FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE,
      CONSTRAINT fk_a FOREIGN KEY (parent_code) REFERENCES parents (code), CONSTRAINT positive CHECK (price >= 0))
      AUTO_INCREMENT=77777 DEFAULT CHARSET=utf8mb4 COMMENT='it''s big; KEY (x)';
    ALTER TABLE parents ADD CONSTRAINT cycle FOREIGN KEY (first_child) REFERENCES big (id);
    CREATE TABLE big_plain (id int PRIMARY KEY AUTO_INCREMENT, a int, b varchar(30), UNIQUE KEY u (b, a), KEY \`odd \`\`name\` (a), KEY last (b));
    CREATE TABLE big_text (id int PRIMARY KEY, body varchar(200), n int, FULLTEXT KEY words (body), KEY n (n));
    CREATE TABLE big_parts (id int, d date NOT NULL, n int, PRIMARY KEY (id, d), KEY n (n), KEY d (d))
      PARTITION BY RANGE COLUMNS (d) (PARTITION old VALUES LESS THAN ('2024-01-01'), PARTITION new VALUES LESS THAN (MAXVALUE));
    CREATE TABLE big_no_key (a int, b int, KEY a (a), KEY b (b));
    CREATE TABLE big_no_primary (a int NOT NULL, b int, UNIQUE KEY a (a), KEY b (b));
    CREATE TABLE big_counter (a int, n int AUTO_INCREMENT, PRIMARY KEY (a), KEY n (n), KEY an (a, n));
    CREATE TABLE isam (id int PRIMARY KEY, n int, KEY n (n)) ENGINE=MyISAM;
    CREATE TABLE nothing (id int PRIMARY KEY, n int, UNIQUE KEY n (n));
    INSERT INTO parents (code, other) SELECT CONCAT('c', n), n FROM numbers LIMIT 50;
    INSERT INTO big (parent, parent_code, name, born, price, note) SELECT n % 50 + 1, CONCAT('c', n % 50 + 1), CONCAT('näme 😀 ', n), '2020-01-01' + INTERVAL n % 900 DAY,
      n / 7, CONCAT(REPEAT('prose ', n % 9), n) FROM numbers;
    UPDATE parents SET first_child = (SELECT MIN(big.id) FROM big);
    INSERT INTO big_plain (a, b) SELECT n % 77, CONCAT('b', n) FROM numbers;
    INSERT INTO big_text SELECT n, CONCAT('word', n % 33, ' other'), n % 5 FROM numbers;
    INSERT INTO big_parts SELECT n, '2023-06-01' + INTERVAL n % 600 DAY, n % 7 FROM numbers;
    INSERT INTO big_no_key SELECT n % 100, n FROM numbers;
    INSERT INTO big_no_primary SELECT n, n % 9 FROM numbers;
    INSERT INTO big_counter SELECT n, n + 5 FROM numbers;
    INSERT INTO isam SELECT n, n % 9 FROM numbers LIMIT 100;
    CREATE VIEW v AS SELECT id FROM big;
    CREATE TRIGGER tr BEFORE INSERT ON parents FOR EACH ROW SET new.other = 1;
    ${mariadb ? onlyMariadb : onlyMysql}
    DROP TABLE numbers;
    ANALYZE TABLE big, big_plain, big_text, big_parts, big_no_key, big_no_primary, big_counter`;
}

const onlyMysql = `
  CREATE TABLE big_hidden (id int PRIMARY KEY, a varchar(20), j json, n int /*!80023 INVISIBLE */, KEY f ((upper(a))), KEY i (n) INVISIBLE,
    KEY m ((CAST(j->'$.a' AS unsigned array))), KEY later (a));
  INSERT INTO big_hidden (id, a, j) SELECT n, CONCAT('a', n), '{"a": [1, 2]}' FROM numbers;`;

const onlyMariadb = `
  CREATE SEQUENCE s START WITH 500;
  CREATE TABLE big_hidden (id int PRIMARY KEY DEFAULT nextval(s), a varchar(20), t text, KEY i (a) IGNORED, UNIQUE KEY h (t), KEY later (a, id));
  INSERT INTO big_hidden (id, a, t) SELECT n, CONCAT('a', n), CONCAT('t', n) FROM numbers;
  CREATE TABLE big_versioned (id int PRIMARY KEY, a int, KEY a (a)) WITH SYSTEM VERSIONING;
  INSERT INTO big_versioned SELECT n, n % 9 FROM numbers;
  CREATE TABLE big_period (id int, a date, b date, PERIOD FOR p (a, b), UNIQUE KEY k (id, p WITHOUT OVERLAPS), PRIMARY KEY (id, b));
  INSERT INTO big_period SELECT n, '2024-01-01', '2024-02-01' FROM numbers;`;

/** A table `numbers` with 1 to 20,480. */
const numbers = `CREATE TABLE numbers (n int PRIMARY KEY); INSERT INTO numbers VALUES ${Array.from({ length: 20 }, (_, index) => `(${index + 1})`).join()};
  ${Array.from({ length: 10 }, (_, index) => `INSERT INTO numbers SELECT n + ${20 * 2 ** index} FROM numbers`).join(';')};`;

for (const kind of kinds) {
  describe.skipIf(await serverIsMissing(kind))(`a backup of several streams of ${kind}`, () => {
    let server: TestServer;
    let space: Workspace;
    let inside: TestDatabase;
    let backup: string;
    let folder: string;
    const paths: string[] = [];

    beforeAll(async () => {
      server = await sharedServer(kind);
      inside = await createTestDatabase(server, name, numbers + tables(kind));
      space = await workspace({ instances: [{ id: 'main', server, settings: { databases: [name] } }] });
      const made = await space.vya(['backup', '--jobs', '1', '--exact', '--format', 'json']);
      expect(made.code, made.stdout + made.stderr).toBe(0);
      backup = made.json<{ instances: { databases: { path: string }[] }[] }>().instances[0]!.databases[0]!
        .path;
      folder = await mkdtemp(join(space.path, 'streams-'));
    });
    afterAll(async () => {
      await inside.script(`DROP DATABASE IF EXISTS ${copy}`);
      await space.remove();
      await inside.drop();
    });

    async function streams(
      change: (copy: TamperedBackup) => Promise<void> = () => Promise.resolve(),
    ): Promise<string> {
      await Promise.all(paths.splice(0).map((path) => rm(path, { recursive: true })));
      const path = await tamperedCopy(backup, folder, async (copied) => {
        await inSeveralStreams(copied, true);
        await change(copied);
      });
      paths.push(path);
      return path;
    }

    const restore = (path: string, ...options: string[]): Promise<VyaResult> =>
      space.vya(
        ['restore', '--file', path, '--target-database', copy, '--force', '--format', 'json', ...options],
        { measured: false },
      );

    /** How every table is defined, less the next number, and what it holds. */
    async function picture(database: string): Promise<Record<string, unknown>> {
      const connection = await connect(server, database);
      const seen: Record<string, unknown> = {};
      const found = await connection.query<{
        name: string;
      }>(`SELECT TABLE_NAME AS name FROM information_schema.TABLES
        WHERE TABLE_SCHEMA = '${database}' AND TABLE_TYPE NOT IN ('VIEW', 'SEQUENCE') ORDER BY 1`);
      for (const table of found) {
        const [row] = await connection.query<Record<string, string>>(`SHOW CREATE TABLE ${table.name}`);
        seen[table.name] = row!
          ['Create Table']!.replaceAll(' CHARACTER SET utf8mb4 COLLATE', ' COLLATE')
          .replaceAll(database, 'own');
        // Its digest is compared by the restore itself: MySQL's checksum of an array's hidden column is another each time.
        if (table.name === 'big_hidden') continue;
        const [sum] = await connection.query<{ Checksum: number }>(`CHECKSUM TABLE ${table.name}`);
        seen[`rows of ${table.name}`] = sum!.Checksum;
      }
      await connection.close();
      return seen;
    }

    async function scratch(): Promise<unknown[]> {
      return await inside.query("SHOW DATABASES LIKE 'vya\\\\_tmp\\\\_%'");
    }

    test.each(['1', '2'])(
      'is restored with the same rows, keys and next numbers by %s jobs',
      async (jobs) => {
        const result = await restore(await streams(), '--jobs', jobs);
        expect(result.code, result.stdout + result.stderr).toBe(0);
        expect(await picture(copy)).toEqual(await picture(name));
        expect(await scratch()).toEqual([]);
      },
    );

    test('is restored as it was dumped, ranges of a table and all', async () => {
      const streamer = await streaming(server, name);
      const path = made(await streamer.backUp({ exact: true }));
      expect(await partsOf(path)).toEqual(
        expect.arrayContaining(['1-definitions', '2-rows-01', '2-rows-02', '2-rows-03']),
      );
      const result = await restore(path, '--jobs', '3', '--target-instance', 'main');
      await streamer.remove();
      expect(result.code, result.stdout + result.stderr).toBe(0);
      expect(result.json()).toMatchObject({ compared: 'contents', exceptions: [] });
      expect(await picture(copy)).toEqual(await picture(name));
    });

    test('is refused when rows hold a statement that reaches further, before that runs (F26)', async () => {
      const before = await picture(copy);
      const path = await streams((copied) =>
        changePart(copied, 'rows-03', (text) =>
          text.replace(restoreMode, () => `CREATE DATABASE intruder;\n${restoreMode}`),
        ),
      );
      const result = await restore(path);
      expect(result.code, result.stdout + result.stderr).toBe(8);
      expect(result.stdout).toContain('is not loaded: it holds the statement “CREATE DATABASE');
      expect(await inside.query("SHOW DATABASES LIKE 'intruder'")).toEqual([]);
      expect(await picture(copy)).toEqual(before);
      expect(await scratch()).toEqual([]);
    });

    test.each([[], ['--trust']])(
      'is refused when a part of rows was cut between statements (F16) %j',
      async (...options) => {
        const before = await picture(copy);
        const path = await streams((copied) =>
          changePart(copied, 'rows-02', (text) => text.replace(/-- Dump completed[^]*$/, '')),
        );
        const result = await restore(path, ...options);
        expect(result.code, result.stdout + result.stderr).toBe(8);
        expect(result.stdout).toContain('does not end with “-- Dump completed”');
        expect(await picture(copy)).toEqual(before);
        expect(await scratch()).toEqual([]);
      },
    );

    test('is refused when a part of rows does not decompress, although its checksum fits (F17)', async () => {
      const path = await streams(async (copied) => {
        const file = copied.manifest.parts.find((part) => part.path.includes('rows-03'))!.path;
        const whole = await readFile(join(copied.path, file));
        await writeFile(join(copied.path, file), whole.subarray(0, whole.length - 100));
      });
      const result = await restore(path);
      expect(result.code, result.stdout + result.stderr).toBe(8);
      expect(result.stdout).toContain('rows-03.sql.zst cannot be read to its end');
      expect(await scratch()).toEqual([]);
    });
  });
}
