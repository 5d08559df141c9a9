-- Functions, procedures, triggers, views and events, sent one paragraph at a time and without the last semicolon: it would
-- become part of a body.
CREATE FUNCTION price_with_tax(net DECIMAL(10,2), rate DECIMAL(5,3)) RETURNS DECIMAL(10,2)
  DETERMINISTIC NO SQL COMMENT 'rate 0.07 is 7% -- "reduced"'
  RETURN ROUND(net * (1 + rate), 2);

CREATE FUNCTION `greet the customer; ``politely```(customer VARCHAR(80)) RETURNS VARCHAR(200)
  CHARSET utf8mb4 DETERMINISTIC NO SQL
BEGIN
  -- A comment with a semicolon; and a "quote" and $$ and //
  DECLARE greeting VARCHAR(100) DEFAULT 'Grüß Gott 👋; DELIMITER ;;';
  IF customer IS NULL THEN
    RETURN 'It''s you?';
  END IF;
  RETURN CONCAT(greeting, ' ', customer);
END;

CREATE DEFINER = `deli_curator`@`%` PROCEDURE restock(IN least INT, OUT restocked INT)
  MODIFIES SQL DATA SQL SECURITY DEFINER
BEGIN
  DECLARE done INT DEFAULT FALSE;
  DECLARE product INT UNSIGNED;
  DECLARE low CURSOR FOR SELECT product_id FROM stock_movements GROUP BY product_id HAVING SUM(quantity) < least;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = TRUE;
  SET restocked = 0;
  OPEN low;
  each_product: LOOP
    FETCH low INTO product;
    IF done THEN LEAVE each_product; END IF;
    INSERT INTO stock_movements (id, moved_on, product_id, quantity)
      SELECT MAX(id) + 1, '2026-06-01', product, least FROM stock_movements;
    SET restocked = restocked + 1;
  END LOOP;
  CLOSE low;
END;

-- Routines keep the sql_mode that they were made with: here, "x" is a column and not a text.
SET @saved_mode = @@sql_mode;
SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES';
CREATE PROCEDURE count_weird() READS SQL DATA
BEGIN
  SELECT COUNT(*) AS "how many", 'C:\' AS "path" FROM "weird ""name"" it's `so` 100% \ strange/.. Ñandú";
END;
SET sql_mode = @saved_mode;

CREATE TRIGGER customer_email BEFORE INSERT ON customers FOR EACH ROW
  SET NEW.email = LOWER(TRIM(NEW.email));

CREATE TRIGGER price_audit AFTER UPDATE ON products FOR EACH ROW
BEGIN
  IF NOT (OLD.price <=> NEW.price) THEN
    INSERT INTO price_changes (product_id, old_price, new_price, changed_by)
      VALUES (NEW.id, OLD.price, NEW.price, 'trigger; "price_audit"');
  END IF;
END;

CREATE TRIGGER line_total AFTER INSERT ON order_lines FOR EACH ROW
  UPDATE `order` SET total = total + NEW.quantity * NEW.unit_price WHERE id = NEW.order_id;

CREATE TRIGGER line_second AFTER INSERT ON order_lines FOR EACH ROW FOLLOWS line_total
  SET @last_order = NEW.order_id;

CREATE VIEW z_product_prices AS
  SELECT p.id, p.name, c.name AS category, p.price, price_with_tax(p.price, 0.07) AS gross
  FROM products p JOIN categories c ON c.id = p.category_id;

-- By name it comes before the view that it needs.
CREATE DEFINER = `deli_curator`@`%` SQL SECURITY DEFINER VIEW a_expensive AS
  SELECT name, category, gross FROM z_product_prices WHERE gross > 100;

CREATE SQL SECURITY INVOKER VIEW open_orders AS
  SELECT id, customer_id, placed_at, state FROM `order` WHERE state = 'open' WITH CASCADED CHECK OPTION;

CREATE VIEW `Übersicht "2026"` (`Ñ col`, `it's`) AS SELECT 'ñ 🧀', COUNT(*) FROM customers;

SET @saved_zone = @@time_zone;
SET time_zone = '-03:00';
CREATE EVENT nightly_totals ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 02:30:00' ON COMPLETION PRESERVE ENABLE
  COMMENT 'runs at night; it''s "quiet" then' DO
BEGIN
  UPDATE `order` SET total = total;
  DELETE FROM page_views WHERE views = 0;
END;
SET time_zone = @saved_zone;

CREATE EVENT `yearly sale` ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01 00:00:00' ENDS '2038-01-01 00:00:00'
  DISABLE DO UPDATE products SET price = price * 0.9;

CREATE EVENT `ON COMPLETION PRESERVE ENABLE` ON SCHEDULE AT '2037-12-31 23:59:59'
  COMMENT 'ON COMPLETION PRESERVE ENABLE' DO
  INSERT INTO nothing_yet (note) VALUES (' ON COMPLETION PRESERVE ENABLE DO DISABLE ');
