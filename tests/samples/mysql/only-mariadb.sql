-- What only MariaDB has.
-- Sequences without a cache: a dump skips the numbers that the server holds ready, as a crash does.
ALTER TABLE customers ADD COLUMN secret_note VARCHAR(40) INVISIBLE DEFAULT 'psst';
CREATE SEQUENCE invoice_numbers START WITH 900 INCREMENT BY 7 MINVALUE 1 MAXVALUE 100000 NOCACHE CYCLE;
DO NEXTVAL(invoice_numbers), NEXTVAL(invoice_numbers);
CREATE SEQUENCE `odd "sequence"` START WITH -1 INCREMENT BY -3 MINVALUE -99999 MAXVALUE -1 NOCACHE NOCYCLE;
CREATE TABLE invoices (
  number BIGINT NOT NULL DEFAULT NEXTVAL(invoice_numbers) PRIMARY KEY,
  token UUID NOT NULL,
  sender INET6 NULL,
  amount DECIMAL(10,2) NOT NULL CHECK (amount >= 0)
);
INSERT INTO invoices (token, sender, amount) VALUES
  ('123e4567-e89b-12d3-a456-426655440000', '2001:db8::ff00:42:8329', 12.50),
  ('00000000-0000-0000-0000-000000000001', NULL, 0.01);

-- Past prices, with the times at which they were true.
CREATE TABLE tariffs (name VARCHAR(40) PRIMARY KEY, price DECIMAL(10,2)) WITH SYSTEM VERSIONING;
SET timestamp = 1767924001.5;
INSERT INTO tariffs VALUES ('parcel', 4.90), ('express 🚚', 9.90), ('gone', 1.00);
SET timestamp = 1767924002.25;
UPDATE tariffs SET price = 5.20 WHERE name = 'parcel';
DELETE FROM tariffs WHERE name = 'gone';

SET @saved_mode = @@sql_mode;
SET sql_mode = 'ORACLE';
CREATE PACKAGE `loyalty "points"` AS
  FUNCTION earned(amount NUMBER) RETURN NUMBER;
END;
CREATE PACKAGE BODY `loyalty "points"` AS
  rate NUMBER := 0.5;
  FUNCTION earned(amount NUMBER) RETURN NUMBER AS
  BEGIN
    -- Half a point; rounded down.
    RETURN FLOOR(amount * rate);
  END;
END;
SET sql_mode = @saved_mode;
