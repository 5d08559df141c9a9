import type { Table } from './tables.ts';

type ServerType = 'mysql' | 'postgresql';

export function creating(table: Table, type: ServerType): string {
  const id = type === 'mysql' ? 'id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY' : 'id bigserial PRIMARY KEY';
  const columns = [id, ...(type === 'mysql' ? table.mysql : table.postgresql)];
  return `CREATE TABLE ${table.name} (${columns.join(', ')})${type === 'mysql' ? ' ENGINE=InnoDB CHARSET=utf8mb4' : ''};`;
}

/** Keys, constraints and statistics, when the rows are in: that is faster. */
export function closing(tables: readonly Table[], type: ServerType): string {
  const keys = tables.flatMap(({ name, keys: columns }) => {
    if (type === 'mysql')
      return [`ALTER TABLE ${name} ${columns.map((column) => `ADD KEY (${column})`).join(', ')};`];
    return columns.map((column) => `CREATE INDEX ON ${name} (${column});`);
  });
  const references = tables.flatMap(({ name, references: all = [] }) =>
    all.map(([column, other]) => `ALTER TABLE ${name} ADD FOREIGN KEY (${column}) REFERENCES ${other} (id);`),
  );
  const names = tables.map(({ name }) => name);
  if (type === 'mysql') {
    const session = 'SET SESSION sql_log_bin = 0, foreign_key_checks = 0;';
    return [session, ...keys, ...references, `ANALYZE TABLE ${names.join(', ')};`].join('\n');
  }
  const sequences = names.map(
    (name) => `SELECT setval(pg_get_serial_sequence('${name}', 'id'), (SELECT max(id) FROM ${name}));`,
  );
  return [...keys, ...references, ...sequences, 'VACUUM ANALYZE;', 'CHECKPOINT;'].join('\n');
}

const views = `
CREATE VIEW best_products AS
  SELECT p.id, p.name, avg(r.rating) AS rating FROM products p JOIN reviews r ON r.product_id = p.id GROUP BY p.id, p.name;
CREATE VIEW open_orders AS SELECT * FROM orders WHERE state IN ('new', 'paid', 'packed');
`;

/** Views, a trigger and a routine. */
export function objects(type: ServerType): string {
  if (type === 'mysql') {
    return `${views}
CREATE TRIGGER orders_lower BEFORE UPDATE ON orders FOR EACH ROW SET NEW.state = lower(NEW.state);
CREATE FUNCTION order_total(wanted bigint) RETURNS decimal(12,2) READS SQL DATA
  RETURN (SELECT sum(quantity * price) FROM order_items WHERE order_id = wanted);
`;
  }
  return `${views}
CREATE FUNCTION lower_state() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.state := lower(NEW.state); RETURN NEW; END';
CREATE TRIGGER orders_lower BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION lower_state();
CREATE FUNCTION order_total(wanted bigint) RETURNS numeric LANGUAGE sql STABLE
  AS 'SELECT sum(quantity * price) FROM order_items WHERE order_id = wanted';
`;
}

/** Ten small tables, of which a small database consists. */
export function smallDatabase(type: ServerType): string {
  return Array.from({ length: 10 }, (_, index) => {
    const name = `small_${index}`;
    const rows = Array.from(
      { length: 20 },
      (_row, row) => `(${row + 1}, 'name ${row}', '${row}.50', '2026-01-0${1 + (row % 9)}')`,
    );
    const engine = type === 'mysql' ? ' ENGINE=InnoDB' : '';
    return `CREATE TABLE ${name} (id int PRIMARY KEY, name varchar(40) NOT NULL, price decimal(8,2), since date)${engine};
CREATE INDEX ${name}_by_name ON ${name} (name);
INSERT INTO ${name} VALUES ${rows.join(', ')};`;
  }).join('\n');
}
