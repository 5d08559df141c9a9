-- The delicatessen's tables, as MySQL and MariaDB both understand them.
CREATE TABLE categories (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  parent_id INT UNSIGNED NULL,
  name VARCHAR(80) NOT NULL,
  UNIQUE KEY category_name (parent_id, name),
  CONSTRAINT category_parent FOREIGN KEY (parent_id) REFERENCES categories (id) ON DELETE SET NULL
) COMMENT 'Käse''s place; "quoted" 🧀';

CREATE TABLE departments (
  id SMALLINT NOT NULL PRIMARY KEY,
  name VARCHAR(40) NOT NULL,
  manager_id INT NULL
);

CREATE TABLE employees (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(80) NOT NULL,
  department_id SMALLINT NOT NULL,
  mentor_id INT NULL,
  CONSTRAINT employee_department FOREIGN KEY (department_id) REFERENCES departments (id) ON UPDATE CASCADE,
  CONSTRAINT employee_mentor FOREIGN KEY (mentor_id) REFERENCES employees (id)
) AUTO_INCREMENT = 5000;

ALTER TABLE departments
  ADD CONSTRAINT department_manager FOREIGN KEY (manager_id) REFERENCES employees (id) ON DELETE SET NULL;

CREATE TABLE producers (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(120) NOT NULL,
  country CHAR(2) CHARACTER SET ascii NOT NULL,
  website VARCHAR(200) NULL,
  place POINT NOT NULL,
  SPATIAL KEY producer_place (place)
);

CREATE TABLE products (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  sku CHAR(9) CHARACTER SET ascii COLLATE ascii_bin NOT NULL UNIQUE,
  name VARCHAR(120) NOT NULL COMMENT 'as printed on the label; 100% "exact"',
  category_id INT UNSIGNED NOT NULL,
  producer_id INT UNSIGNED NOT NULL,
  price DECIMAL(10,2) NOT NULL,
  weight_g MEDIUMINT UNSIGNED NOT NULL,
  season ENUM('spring','summer','autumn','winter','always','día de ''fiesta''') NOT NULL DEFAULT 'always',
  labels SET('organic','vegan','raw milk','PDO') NOT NULL DEFAULT '',
  attributes JSON NULL,
  picture MEDIUMBLOB NULL,
  introduced DATE NOT NULL DEFAULT '2024-01-01',
  price_per_kg DECIMAL(12,4) GENERATED ALWAYS AS (price * 1000 / weight_g) VIRTUAL,
  origin VARCHAR(60) GENERATED ALWAYS AS (JSON_UNQUOTE(JSON_EXTRACT(attributes, '$.origin'))) STORED,
  KEY product_origin (origin),
  KEY product_price (price DESC, id),
  FULLTEXT KEY product_name (name),
  CONSTRAINT product_category FOREIGN KEY (category_id) REFERENCES categories (id),
  CONSTRAINT product_producer FOREIGN KEY (producer_id) REFERENCES producers (id) ON DELETE RESTRICT,
  CONSTRAINT price_not_negative CHECK (price >= 0),
  CONSTRAINT weight_makes_sense CHECK (weight_g BETWEEN 1 AND 1000000)
);

CREATE TABLE customers (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(80) NOT NULL,
  email VARCHAR(120) NULL UNIQUE,
  newsletter TINYINT(1) NOT NULL DEFAULT 0,
  joined_at DATETIME(6) NOT NULL,
  seen_at TIMESTAMP(3) NULL DEFAULT NULL
) AUTO_INCREMENT = 100000;

CREATE TABLE `order` (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer_id INT UNSIGNED NOT NULL,
  placed_at DATETIME(6) NOT NULL,
  state ENUM('open','paid','shipped','returned') NOT NULL DEFAULT 'open',
  remark TEXT NULL,
  total DECIMAL(12,2) NOT NULL DEFAULT 0,
  KEY order_remark (remark(20)),
  CONSTRAINT order_customer FOREIGN KEY (customer_id) REFERENCES customers (id)
);

CREATE TABLE order_lines (
  order_id BIGINT UNSIGNED NOT NULL,
  line TINYINT UNSIGNED NOT NULL,
  product_id INT UNSIGNED NOT NULL,
  quantity SMALLINT NOT NULL,
  unit_price DECIMAL(10,2) NOT NULL,
  PRIMARY KEY (order_id, line),
  CONSTRAINT line_order FOREIGN KEY (order_id) REFERENCES `order` (id) ON DELETE CASCADE,
  CONSTRAINT line_product FOREIGN KEY (product_id) REFERENCES products (id)
);

CREATE TABLE price_changes (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  product_id INT UNSIGNED NOT NULL,
  old_price DECIMAL(10,2) NULL,
  new_price DECIMAL(10,2) NULL,
  changed_by VARCHAR(120) NOT NULL,
  changed_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
);

CREATE TABLE stock_movements (
  id INT NOT NULL,
  moved_on DATE NOT NULL,
  product_id INT UNSIGNED NOT NULL,
  quantity INT NOT NULL,
  PRIMARY KEY (id, moved_on)
) PARTITION BY RANGE (YEAR(moved_on)) (
  PARTITION p2024 VALUES LESS THAN (2025),
  PARTITION p2025 VALUES LESS THAN (2026) COMMENT = 'the good year',
  PARTITION later VALUES LESS THAN MAXVALUE
);

CREATE TABLE page_views (
  visitor INT NOT NULL,
  page VARCHAR(60) NOT NULL,
  views INT NOT NULL DEFAULT 1,
  PRIMARY KEY (visitor, page)
) PARTITION BY HASH (visitor) PARTITIONS 4;

-- Bytes that a careless dump turns into something else.
CREATE TABLE specimens (
  id INT NOT NULL PRIMARY KEY,
  every_byte BLOB NULL,
  fixed BINARY(16) NULL,
  flags BIT(12) NULL,
  many_flags BIT(64) NULL,
  old_text VARCHAR(300) CHARACTER SET latin1 NULL,
  kanji VARCHAR(40) CHARACTER SET sjis NULL,
  not_text VARBINARY(300) NULL,
  three_bytes VARCHAR(40) CHARACTER SET utf8mb3 NULL,
  big BIGINT UNSIGNED NULL,
  exact DECIMAL(65,30) NULL,
  real_number DOUBLE NULL,
  half FLOAT NULL,
  shift TIME(3) NULL,
  harvest YEAR NULL,
  never DATE NULL,
  shapes GEOMETRY NULL
);

CREATE TABLE `weird "name" it's ``so`` 100% \ strange/.. Ñandú` (
  `from` INT NOT NULL AUTO_INCREMENT,
  `a b` VARCHAR(20) NULL,
  `"` VARCHAR(20) NULL,
  `'` VARCHAR(20) NULL,
  `back``tick` VARCHAR(20) NULL,
  `ключ; -- !` VARCHAR(20) NULL,
  PRIMARY KEY (`from`),
  KEY `select` (`a b`, `"`)
);

CREATE TABLE nothing_yet (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  note TEXT NULL
) AUTO_INCREMENT = 77;
