-- What only MySQL has.
ALTER TABLE customers ADD COLUMN secret_note VARCHAR(40) INVISIBLE DEFAULT 'psst';
ALTER TABLE customers ADD INDEX customer_upper ((UPPER(name)));
ALTER TABLE products ADD INDEX cheap_first ((CAST(price AS UNSIGNED)), name) INVISIBLE;
CREATE TABLE tastings (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  title VARCHAR(60) NOT NULL,
  guests JSON NOT NULL,
  held_at POINT NOT NULL SRID 4326,
  room VARCHAR(10) NOT NULL DEFAULT (CONCAT('room', ' 1')),
  position_vector VECTOR(3) NULL,
  SPATIAL KEY (held_at),
  KEY guest_ids ((CAST(guests->'$.ids' AS UNSIGNED ARRAY)))
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_ai_ci;
INSERT INTO tastings (title, guests, held_at, position_vector) VALUES
  ('Sake évening 🍶', '{"ids": [1, 2, 3]}', ST_GeomFromText('POINT(47.3 8.5)', 4326), TO_VECTOR('[1.5, -2, 3e-7]')),
  ('Käse', '{"ids": []}', ST_GeomFromText('POINT(-12.25 44)', 4326), NULL);
