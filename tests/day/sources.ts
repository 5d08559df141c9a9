import type { Operator } from './operator.ts';

/** A MariaDB database with everything that a dump can forget, and a small PostgreSQL one. */
export async function createSources({ mariadb, postgresql }: Operator): Promise<void> {
  await mariadb(`
    CREATE DATABASE shop CHARACTER SET utf8mb4;
    USE shop;
    CREATE TABLE customers (id int PRIMARY KEY, name varchar(60) NOT NULL, photo blob);
    CREATE TABLE orders (id int AUTO_INCREMENT PRIMARY KEY, customer int NOT NULL, total decimal(10, 2), at datetime(6),
      CONSTRAINT whose FOREIGN KEY (customer) REFERENCES customers (id));
    INSERT INTO customers VALUES (1, 'Ana 😀 密码', x'00ff271a0d0a5c'), (2, '', NULL);
    INSERT INTO orders (customer, total, at) SELECT 1 + seq % 2, seq / 3, '2026-01-09 02:00:00' + INTERVAL seq SECOND FROM seq_1_to_2000;
    CREATE VIEW totals AS SELECT customer, sum(total) AS total FROM orders GROUP BY customer;
    CREATE TRIGGER dated BEFORE INSERT ON orders FOR EACH ROW SET NEW.at = coalesce(NEW.at, now(6));
    CREATE PROCEDURE forget(whom int) DELETE FROM orders WHERE customer = whom;`);
  await postgresql('CREATE DATABASE ledger');
  await postgresql(
    `CREATE TABLE entries (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount numeric NOT NULL, note text, raw bytea);
     INSERT INTO entries (amount, note, raw) SELECT n / 7.0, 'entry ' || n || ' ☃', decode(md5(n::text), 'hex') FROM generate_series(1, 2000) n;
     CREATE VIEW balance AS SELECT sum(amount) FROM entries;
     CREATE INDEX by_note ON entries (note);`,
    'ledger',
  );
}

/** All that a MariaDB database holds, as text. */
export function contentsOfMariadb({ run }: Operator, database: string): Promise<string> {
  return run(
    'mariadb-dump',
    '--skip-comments',
    '--default-character-set=utf8mb4',
    '--routines',
    '--events',
    '--hex-blob',
    database,
  );
}

/** All that a PostgreSQL database holds, as text. Lines that differ from dump to dump are left out. */
export async function contentsOfPostgresql({ run }: Operator, database: string): Promise<string> {
  const dump = await run(
    ...['runuser', '-u', 'postgres', '--', 'pg_dump', '--no-owner', '--no-acl', database],
  );
  return dump.replace(/^\\(un)?restrict .*$/gm, '');
}
