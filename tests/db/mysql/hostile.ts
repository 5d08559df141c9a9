import { type Bench, freshDatabase, inside, quote } from './support.ts';

/** A database with what breaks dumps: names, byte values, objects that use each other or name their own database. */
export async function makeHostile(bench: Bench, name: string): Promise<void> {
  await freshDatabase(bench, name);
  const own = quote(name);
  await inside(
    bench,
    name,
    `CREATE TABLE foo (id int PRIMARY KEY, v varchar(20), n int DEFAULT 3)`,
    `CREATE TABLE Foo (id int PRIMARY KEY, v varchar(20))`,
    `CREATE TABLE \`-rf\` (id int PRIMARY KEY AUTO_INCREMENT, b blob, parent int, FOREIGN KEY (parent) REFERENCES foo (id))`,
    `CREATE TABLE \`--help\` (id int)`,
    `CREATE TABLE \`a.b?\` (id int PRIMARY KEY, ts timestamp NULL, j json, g int GENERATED ALWAYS AS (id * 2) STORED)`,
    `CREATE TABLE \`we\`\`ird "q' 名\` (id int PRIMARY KEY, fooid int, CONSTRAINT fk1 FOREIGN KEY (fooid) REFERENCES Foo (id))`,
    `CREATE TABLE parts (id int, d date) PARTITION BY HASH (id) PARTITIONS 3`,
    `CREATE TABLE notes (id int PRIMARY KEY, t text) COMMENT 'two\\r\\nlines; "quoted" nextval(\`x\`.'`,
    `CREATE TABLE prose (id int PRIMARY KEY, body text, FULLTEXT KEY words (body))`,
    `INSERT INTO prose VALUES (1, 'restore cannot hurt')`,
    `INSERT INTO foo VALUES (1, 'a', 1)`,
    `INSERT INTO Foo VALUES (2, 'b')`,
    `INSERT INTO \`-rf\` (id, b, parent) VALUES (7, x'00ff0d0a5c2722', 1)`,
    `INSERT INTO \`a.b?\` (id, ts, j) VALUES (1, '2024-01-01 00:00:00', '{"a":1}')`,
    `INSERT INTO parts VALUES (1, '2024-02-29'), (2, NULL)`,
    `INSERT INTO notes VALUES (1, '😀 \\\\! echo hacked\\nsystem echo hacked\\r\\n;;')`,
    `CREATE FUNCTION fn (x int) RETURNS int DETERMINISTIC BEGIN\r\n  RETURN x + 1; -- ;; it's a comment\r\nEND`,
    `CREATE PROCEDURE p () BEGIN SELECT 'a;;b' AS c; /* DELIMITER ;; */ END`,
    `CREATE TRIGGER ${own}.trg BEFORE INSERT ON ${own}.foo FOR EACH ROW SET new.v = CONCAT(new.v, '!'), new.n = ${own}.fn(2)`,
    `CREATE VIEW zz AS SELECT id, ${own}.fn(id) AS f FROM foo`,
    `CREATE VIEW aa AS SELECT * FROM zz`,
    `CREATE VIEW FOO AS SELECT 1 AS c`,
    `CREATE EVENT \`e on completion preserve enable\` ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE ENABLE
      DO SET @a = 'ON COMPLETION PRESERVE ENABLE'`,
    `CREATE EVENT off ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' ON COMPLETION NOT PRESERVE DISABLE
      COMMENT 'x ON COMPLETION PRESERVE ENABLE' DO SET @b = 1`,
  );
  if (bench.adapter.server.flavour === 'mariadb') await makeMariadbOnly(bench, name);
}

async function makeMariadbOnly(bench: Bench, name: string): Promise<void> {
  await inside(
    bench,
    name,
    `CREATE SEQUENCE s START WITH 5 NOCACHE`,
    `CREATE TABLE numbered (id int DEFAULT nextval(s), label varchar(40) COMMENT 'x')`,
    `INSERT INTO numbered (label) VALUES ('DEFAULT nextval(${quote(name)}.')`,
    `CREATE VIEW peek AS SELECT nextval(s) AS n`,
    `CREATE TABLE versioned (id int, n int DEFAULT (nextval(s) * 2)) WITH SYSTEM VERSIONING`,
    `INSERT INTO versioned (id) VALUES (1)`,
    `UPDATE versioned SET id = 2`,
    `SET sql_mode = ORACLE`,
    `CREATE PACKAGE pk AS PROCEDURE q; END`,
    `CREATE PACKAGE BODY pk AS PROCEDURE q AS BEGIN NULL; END; END`,
  );
}
