-- Extensions that come with PostgreSQL's contrib modules.
CREATE EXTENSION citext WITH SCHEMA public;
CREATE SCHEMA tools;
CREATE EXTENSION hstore WITH SCHEMA tools;
CREATE TABLE shop.vouchers (code public.citext PRIMARY KEY, facts tools.hstore);
INSERT INTO shop.vouchers VALUES ('Käse-10', 'value=>10, "it''s"=>"🎁"'), ('SUMMER', NULL);
