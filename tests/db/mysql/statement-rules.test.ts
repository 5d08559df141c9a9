import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredPart } from '../../../src/db/adapter.ts';
import { type DumpRules, Refusal, strictScanner } from '../../../src/db/mysql/load/statement-rules.ts';
import { serverIsMissing } from '../../servers/servers.ts';
import { makeHostile } from './hostile.ts';
import { type Bench, dump, flavours, openBench } from './support.ts';

/** The end of every dump; what stands before it is executed. */
const marker = '-- Dump completed';
/** How both flavours' dumps end the part in which their sql_mode holds. */
const restoreMode = '/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;';

/** Statements in a dump's tables that would reach another database, or the server itself. */
const inTables = [
  'USE bystander;\nDROP TABLE precious',
  'use `bystander`',
  'INSERT INTO bystander.precious VALUES (666)',
  'INSERT INTO `bystander` . `precious` VALUES (666)',
  'INSERT IGNORE INTO /* ; */ bystander.precious VALUES (666)',
  'INSERT INTO /*!99999 t SELECT */ bystander.precious VALUES (666)',
  '/*!99999 INSERT INTO t VALUES (1) */ DROP TABLE bystander.precious',
  '/*!40000 INSERT INTO t VALUES (1) */ /*!40000 DROP TABLE bystander.precious */',
  'DROP TABLE bystander.precious',
  'DROP DATABASE bystander',
  'CREATE DATABASE intruder',
  'CREATE TABLE bystander.more (id int)',
  'ALTER TABLE t RENAME TO bystander.t',
  'ALTER TABLE bystander.precious DISABLE KEYS',
  'RENAME TABLE t TO bystander.t',
  'TRUNCATE bystander.precious',
  'DELETE FROM bystander.precious',
  'UPDATE bystander.precious SET id = 666',
  'REPLACE INTO bystander.precious VALUES (666)',
  "LOAD DATA INFILE '/etc/passwd' INTO TABLE t",
  'GRANT ALL ON *.* TO nobody@localhost',
  "CREATE USER intruder@localhost IDENTIFIED BY 'x'",
  "SET PASSWORD FOR root@localhost = 'x'",
  'SET GLOBAL max_connections = 1',
  'SET @@global.max_connections = 1',
  'SET @x = (SELECT 1)',
  "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
  "SET @OLD_SQL_MODE = 'ANSI_QUOTES'",
  'SET NAMES gbk',
  "/*!50003 SET @a = 'x */; DROP DATABASE bystander; -- '",
  'CREATE PROCEDURE p() DROP TABLE bystander.precious',
  'CALL bystander.wreck()',
  'DELIMITER //\nSELECT 1//',
  'INSERT INTO t VALUES (1) delimiter X\n, (2) X DROP DATABASE bystander X',
  "INSERT INTO t VALUES ('\\\\'); DROP DATABASE bystander; -- ')",
  "--\u0001 '\nDROP DATABASE bystander; -- '",
  "/*!99999 SET @a = ' */ ; DROP DATABASE bystander; -- '",
  '\\! touch /tmp/vya-was-here',
  'system touch /tmp/vya-was-here',
  'source /etc/passwd',
  'tee /tmp/vya-was-here',
  `${restoreMode}\nINSERT INTO t VALUES (2)`,
];

/** The same in the part that holds code, which may hold more. */
const inObjects = [
  'USE bystander',
  'DROP DATABASE bystander',
  'DROP TABLE bystander.precious',
  'INSERT INTO bystander.precious VALUES (666)',
  'CREATE VIEW bystander.v AS SELECT 1',
  'CREATE TRIGGER bystander.tr BEFORE INSERT ON bystander.precious FOR EACH ROW SET new.id = 666',
  'CREATE TRIGGER tr BEFORE INSERT ON bystander.precious FOR EACH ROW SET new.id = 666',
  'CREATE FUNCTION bystander.f() RETURNS int RETURN 1',
  'ALTER DATABASE bystander CHARACTER SET latin1',
  'ALTER USER root@localhost ACCOUNT LOCK',
  'SET PERSIST max_connections = 1',
];

/** Why a dump is refused, reading it in chunks of so many bytes; undefined: it is not. */
function refusalOf(content: Buffer, rules: DumpRules, chunk = content.length): string | undefined {
  const scanner = strictScanner(rules);
  try {
    for (let at = 0; at < content.length; at += chunk) scanner.feed(content.subarray(at, at + chunk));
    scanner.end();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(Refusal);
    return (error as Refusal).message;
  }
}

for (const kind of flavours) {
  describe.skipIf(await serverIsMissing(kind))(`a dump of ${kind} that is about to be loaded`, () => {
    let bench: Bench;
    let tables: Buffer;
    let objects: Buffer;
    let parts: { part: StoredPart; content: Buffer }[];
    const source = 'inspect `it?.1';

    beforeAll(async () => {
      bench = await openBench(kind);
      await makeHostile(bench, source);
      const stored = await dump(bench, source);
      parts = await Promise.all(stored.map(async (part) => ({ part, content: await readFile(part.path) })));
      [tables, objects] = parts.map(({ content }) => content) as [Buffer, Buffer];
    });
    afterAll(() => bench.close());

    const rulesFor = (part: StoredPart): DumpRules => ({ source, onlyTables: part.holds.includes('tables') });

    it('may hold everything that the dump programs write, however it is cut into chunks', () => {
      for (const { part, content } of parts) {
        for (const chunk of [content.length, 1, 511, 512, 513, 1024]) {
          expect(refusalOf(content, rulesFor(part), chunk)).toBeUndefined();
        }
      }
    });

    it.each(inTables)('is refused when its tables hold %j (F23, F26)', (statement) => {
      const text = tables.toString('latin1');
      expect(text).toContain(restoreMode);
      const changed = Buffer.from(
        text.replace(restoreMode, () => `${statement};\n${restoreMode}`),
        'latin1',
      );
      const rules = { source, onlyTables: true };
      expect(refusalOf(changed, rules)).toMatch(/^holds /);
      expect(refusalOf(changed, rules, 100)).toMatch(/^holds /);
      expect(refusalOf(changed, rules)).not.toContain('666');
    });

    it.each(inObjects)('is refused when its code holds %j (F26)', (statement) => {
      const text = objects.toString('latin1');
      const changed = Buffer.from(
        text.replace(marker, () => `${statement};\n${marker}`),
        'latin1',
      );
      expect(refusalOf(changed, { source, onlyTables: false })).toMatch(/^holds the statement /);
    });
  });
}
