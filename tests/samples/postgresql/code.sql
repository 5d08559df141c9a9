-- Functions, triggers, views, rules and policies.
CREATE FUNCTION shop.price_with_tax(net numeric, rate numeric DEFAULT 0.07) RETURNS numeric
  LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 3
  RETURN round(net * (1 + rate), 2);

CREATE FUNCTION shop.price_with_tax(net text) RETURNS text LANGUAGE sql STABLE
  AS $body$ SELECT shop.price_with_tax(net::numeric)::text || ' € ; $$ ''quoted''' $body$;

CREATE FUNCTION "Büro & ""Lager"""."greet; ""politely"""(customer text, VARIADIC extras text[]) RETURNS TABLE (greeting text, n integer)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = shop, pg_temp SET work_mem = '1MB' AS $function$
BEGIN
  -- A comment with a semicolon; and $$ inside
  RETURN QUERY SELECT format(E'Grüß Gott 👋 %s\n', customer), cardinality(extras);
END;
$function$;

CREATE PROCEDURE shop.restock(IN minimum integer, INOUT restocked integer) LANGUAGE plpgsql AS $$
DECLARE low record;
BEGIN
  restocked := 0;
  FOR low IN SELECT product_id FROM shop.stock_movements GROUP BY product_id HAVING sum(quantity) < minimum LOOP
    INSERT INTO shop.stock_movements VALUES (-low.product_id, '2026-06-01', low.product_id, minimum);
    restocked := restocked + 1;
  END LOOP;
  COMMIT;
END $$;

CREATE FUNCTION shop.longer(text, text) RETURNS text LANGUAGE sql IMMUTABLE
  AS $$ SELECT CASE WHEN length($1) >= length($2) THEN $1 ELSE $2 END $$;
CREATE AGGREGATE shop.longest(text) (
  SFUNC = shop.longer, STYPE = text
);

CREATE FUNCTION shop.clean_email() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.email := lower(btrim(NEW.email));
  RETURN NEW;
END $$;
CREATE TRIGGER customer_email BEFORE INSERT OR UPDATE OF email ON shop.customers
  FOR EACH ROW WHEN (NEW.email IS NOT NULL) EXECUTE FUNCTION shop.clean_email();

CREATE FUNCTION shop.audit_price() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO shop.price_changes (product_id, old_price, new_price, changed_by)
    VALUES (NEW.id, OLD.price, NEW.price, TG_NAME || ' ' || TG_ARGV[0]);
  RETURN NULL;
END $$;
CREATE TRIGGER price_audit AFTER UPDATE ON shop.products
  FOR EACH ROW WHEN (OLD.price IS DISTINCT FROM NEW.price) EXECUTE FUNCTION shop.audit_price('it''s; "quoted"');
CREATE TRIGGER asleep AFTER UPDATE ON shop.products FOR EACH ROW EXECUTE FUNCTION shop.audit_price('never');
ALTER TABLE shop.products DISABLE TRIGGER asleep;
COMMENT ON TRIGGER price_audit ON shop.products IS 'who changed what';

CREATE FUNCTION shop.add_to_total() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE shop."order" SET total = total + NEW.quantity * NEW.unit_price WHERE id = NEW.order_id;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER line_total AFTER INSERT ON shop.order_lines DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION shop.add_to_total();
ALTER TABLE shop.order_lines ENABLE ALWAYS TRIGGER line_total;

CREATE VIEW shop.z_product_prices AS
  SELECT p.id, p.name, c.name AS category, p.price, shop.price_with_tax(p.price) AS gross
  FROM shop.products p JOIN shop.categories c ON c.id = p.category_id;
CREATE VIEW shop.a_expensive WITH (security_barrier, security_invoker = true) AS
  SELECT name, category, gross FROM shop.z_product_prices WHERE gross > 100;
CREATE VIEW shop.open_orders AS SELECT id, customer_id, placed_at, state FROM shop."order" WHERE state = 'open'
  WITH CASCADED CHECK OPTION;
CREATE RECURSIVE VIEW shop.category_paths (id, path) AS
  SELECT id, name FROM shop.categories WHERE parent_id IS NULL
  UNION ALL
  SELECT c.id, path || ' › ' || c.name FROM shop.categories c JOIN category_paths p ON p.id = c.parent_id;
CREATE MATERIALIZED VIEW shop.sales_by_product AS
  SELECT product_id, sum(quantity) AS pieces FROM shop.order_lines GROUP BY product_id;
CREATE UNIQUE INDEX sales_product ON shop.sales_by_product (product_id);
CREATE MATERIALIZED VIEW shop.not_yet AS SELECT * FROM shop.a_expensive WITH NO DATA;

CREATE RULE no_guest_leaves AS ON DELETE TO shop.guests DO INSTEAD NOTHING;
CREATE RULE "log views" AS ON INSERT TO shop.baskets WHERE NEW.content = 'log' DO ALSO
  INSERT INTO public.nothing_yet (note) VALUES ('a basket; logged');

ALTER TABLE shop.customers ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.customers FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON shop.customers FOR SELECT TO deli_app USING (email = current_setting('deli.customer', true));
CREATE POLICY "staff's own" ON shop.customers AS RESTRICTIVE TO deli_reader USING (id < 1000) WITH CHECK (false);
COMMENT ON POLICY own_rows ON shop.customers IS 'each their own';

CREATE FUNCTION public.notice_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE DEBUG 'ddl: %', tg_tag; END $$;
CREATE EVENT TRIGGER deli_ddl ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION public.notice_ddl();

CREATE PUBLICATION deli_changes FOR TABLE shop.products (id, sku, price) WHERE (id > 5), shop."order" WITH (publish = 'insert, update');
CREATE TEXT SEARCH CONFIGURATION shop.german_simple (COPY = pg_catalog.german);
ALTER TEXT SEARCH CONFIGURATION shop.german_simple ALTER MAPPING FOR asciiword WITH simple;
CREATE CAST (shop.address AS text) WITH INOUT;
CREATE FOREIGN DATA WRAPPER deli_nothing;
CREATE SERVER far_away FOREIGN DATA WRAPPER deli_nothing OPTIONS (host 'db.example', note 'it''s far');
CREATE FOREIGN TABLE shop.far_orders (id integer OPTIONS (name 'ID') NOT NULL, note text) SERVER far_away OPTIONS (place 'x');
