-- What PostgreSQL 18 brought.
CREATE EXTENSION btree_gist WITH SCHEMA public;
CREATE TABLE shop.reservations (
  room integer,
  during tstzrange,
  guests integer NOT NULL,
  seats integer GENERATED ALWAYS AS (guests + 2) VIRTUAL,
  CONSTRAINT one_party_a_room PRIMARY KEY (room, during WITHOUT OVERLAPS),
  CONSTRAINT not_enforced CHECK (guests < 3) NOT ENFORCED
);
ALTER TABLE shop.reservations ADD CONSTRAINT guests_sane CHECK (guests > 0);
INSERT INTO shop.reservations VALUES (1, '[2026-01-09 18:00+00,2026-01-09 20:00+00)', 4), (1, '[2026-01-09 20:00+00,)', 2);
