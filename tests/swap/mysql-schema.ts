import { expect } from 'vitest';
import { runLock } from '../../src/db/mysql/replace/hold.ts';
import { scratchDatabases } from '../cli/test-database.ts';
import { type Bench, freshDatabase, inside, quote } from '../db/mysql/support.ts';

/** A small database with one of everything that a replacement has to carry over. `version` tells two of them apart. */
export async function makeSmall(bench: Bench, name: string, version: 'old' | 'new'): Promise<void> {
  await freshDatabase(bench, name);
  const mariadb = bench.adapter.server.flavour === 'mariadb';
  await inside(
    bench,
    name,
    `CREATE TABLE parent (id int PRIMARY KEY, v varchar(20))`,
    `CREATE TABLE child (id int PRIMARY KEY, parent int, FOREIGN KEY (parent) REFERENCES parent (id))`,
    `INSERT INTO parent VALUES (1, '${version}')`,
    `INSERT INTO child VALUES (1, 1)`,
    `CREATE TABLE only_${version} (id int PRIMARY KEY)`,
    `CREATE FUNCTION fn () RETURNS varchar(20) DETERMINISTIC RETURN '${version}'`,
    `CREATE TRIGGER trg BEFORE INSERT ON parent FOR EACH ROW SET new.v = '${version}'`,
    `CREATE VIEW seen AS SELECT v, '${version}' AS version FROM parent`,
    `CREATE EVENT ev ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' DO SET @v = '${version}'`,
    ...(mariadb
      ? [`CREATE SEQUENCE s START WITH 5 NOCACHE`, `CREATE TABLE numbered (id int DEFAULT nextval(s), v int)`]
      : []),
    ...(version === 'old'
      ? [
          `CREATE TABLE doomed (id int)`,
          `CREATE VIEW broken AS SELECT id FROM doomed`,
          `DROP TABLE doomed`,
          `ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_swedish_ci`,
        ]
      : []),
  );
  await bench.admin.query(`CREATE USER IF NOT EXISTS swapped@localhost`);
  await bench.admin.query(`GRANT EXECUTE ON FUNCTION ${quote(name)}.fn TO swapped@localhost`);
}

/** Which accounts may execute what in a database. */
export async function routineGrants({ admin }: Bench, name: string): Promise<unknown[]> {
  return await admin.query(
    'SELECT User, Routine_name, Proc_priv FROM mysql.procs_priv WHERE Db = ? ORDER BY 1, 2',
    [name],
  );
}

/** Waits until a busy server has noticed that the sessions of a dead run have lost their client: their locks are free then. */
export async function deathIsNoticed(bench: Bench): Promise<void> {
  const held = async (): Promise<string[]> => {
    const all = await scratchDatabases(bench.server);
    const locks = all.map((scratch) =>
      bench.admin.query<{ free: unknown }>('SELECT IS_FREE_LOCK(?) AS free', [runLock(scratch)]),
    );
    const answers = await Promise.all(locks);
    return all.filter((_, index) => Number(answers[index]?.[0]?.free) !== 1);
  };
  await expect.poll(held, { timeout: 60_000 }).toEqual([]);
}
