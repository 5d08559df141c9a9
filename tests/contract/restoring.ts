import { expect, test } from 'vitest';
import { nextValues } from '../samples/samples.ts';
import type { TestServer } from '../servers/server.ts';
import {
  backUp,
  type Contract,
  databasesOf,
  dropDatabase,
  type RestoreJson,
  restore,
  run,
  sample,
} from './contract.ts';
import { fingerprint, without } from './fingerprint.ts';

const eventStatus = /^status of event/;

export function restoreCases(contract: Contract): void {
  const latest = ['--instance', 'main', '--database', sample, '--latest'];
  const print = (database: string = sample) => fingerprint(contract.server, database);

  test('a wrecked database comes back byte for byte, with nothing newer left in it (F19), and the next values of its sequences', async () => {
    await wreck(contract.server);
    expect(await print()).not.toEqual(contract.original);
    const report = await restore(contract, [...latest, '--force']);
    expect(report).toMatchObject({ status: 'ok', database: sample, replaced: true, disabledEvents: [] });
    expect(await print()).toEqual(contract.original);
    expect(await nextValues(contract.server, sample)).toEqual(contract.next);
  });

  test('a database that was dropped comes back without --force', async () => {
    await dropDatabase(contract.server, sample);
    const report = await restore(contract, latest);
    expect(report.replaced).toBe(false);
    expect(await print()).toEqual(contract.original);
  });

  test('a renamed restore leaves the original alone and its own events disabled (F26, F50)', async () => {
    const name = `${sample} "copy" it's`;
    const before = await print();
    const report = await restore(contract, [...latest, '--target-database', name]);
    expect(report.replaced).toBe(false);
    expect(await print()).toEqual(before);
    const copy = await print(name);
    expect(without(copy, eventStatus)).toEqual(without(contract.original, eventStatus));
    expect(
      Object.entries(copy).filter(([key, status]) => eventStatus.test(key) && status !== 'DISABLED'),
    ).toEqual([]);
    const enabled = Object.entries(contract.original).filter(
      ([key, status]) => eventStatus.test(key) && status === 'ENABLED',
    );
    expect(report.disabledEvents.toSorted()).toEqual(
      enabled.map(([key]) => key.replace('status of event ', '')).toSorted(),
    );
    expect(await nextValues(contract.server, name)).toEqual(contract.next);
    await dropDatabase(contract.server, name);
  });

  test('a replacement that nobody confirmed ends with 3 and touches nothing', async () => {
    await run(contract.server, addRow(contract.server), sample);
    const before = await print();
    const result = await contract.space.vya(['restore', '--format', 'json', ...latest]);
    expect(result.code).toBe(3);
    expect(result.json<RestoreJson>().error).toMatchObject({
      code: 3,
      kind: 'refused',
      hint: expect.stringContaining('--force'),
    });
    expect(await print()).toEqual(before);
  });

  test('--keep-old keeps what is replaced under the name that it tells', async () => {
    const before = await print();
    const report = await restore(contract, [...latest, '--force', '--keep-old']);
    const kept = String(report.keptOldAs);
    expect(await databasesOf(contract.server)).toContain(kept);
    expect(without(await print(kept), eventStatus)).toEqual(without(before, eventStatus));
    expect(await print()).toEqual(contract.original);
    await dropDatabase(contract.server, kept);
  });

  test('a backup and a restore through the Unix socket work as over TCP', async () => {
    await backUp(contract, 'socket');
    await restore(contract, [
      '--instance',
      'socket',
      '--database',
      sample,
      '--latest',
      '--target-database',
      'deli_socket',
    ]);
    expect(without(await print('deli_socket'), eventStatus)).toEqual(without(contract.original, eventStatus));
    await dropDatabase(contract.server, 'deli_socket');
  });
}

function addRow({ type }: TestServer): string {
  return type === 'mysql'
    ? `INSERT INTO categories (name) VALUES ('newer than the backup')`
    : `INSERT INTO shop.categories (name) VALUES ('newer than the backup')`;
}

/** What a bad day does to a database: rows and objects gone, changed, and new ones that no backup knows. */
function wreck(server: TestServer): Promise<void> {
  return run(server, server.type === 'mysql' ? mysqlWreck : postgresqlWreck, sample);
}

const mysqlWreck = `
  DELETE FROM order_lines WHERE line = 2;
  UPDATE products SET name = 'x', price = 0 WHERE id < 50;
  DROP TABLE specimens;
  DROP VIEW a_expensive;
  CREATE OR REPLACE VIEW z_product_prices AS SELECT 1 AS nothing;
  DROP TRIGGER price_audit;
  DROP PROCEDURE restock;
  ALTER EVENT nightly_totals DISABLE;
  ALTER TABLE customers DROP COLUMN newsletter;
  TRUNCATE stock_movements;
  CREATE TABLE newer_than_the_backup (id INT PRIMARY KEY);
  CREATE VIEW newer_view AS SELECT * FROM newer_than_the_backup;
  ALTER DATABASE ${sample} CHARACTER SET latin1`;

const postgresqlWreck = `
  DELETE FROM shop.order_lines WHERE line = 2;
  UPDATE shop.products SET name = 'x', price = 0 WHERE id < 50;
  DROP TABLE "Büro & ""Lager""".specimens;
  DROP VIEW shop.a_expensive CASCADE;
  CREATE OR REPLACE VIEW shop.open_orders AS SELECT id, customer_id, placed_at, state FROM shop."order" WHERE state = 'gone';
  DROP TRIGGER price_audit ON shop.products;
  DROP PROCEDURE shop.restock;
  ALTER TABLE shop.customers DROP COLUMN newsletter;
  TRUNCATE shop.stock_movements;
  SELECT lo_unlink(424242);
  REVOKE ALL ON ALL TABLES IN SCHEMA shop FROM deli_reader;
  CREATE TABLE shop.newer_than_the_backup (id int PRIMARY KEY, customer int REFERENCES shop.customers);
  CREATE VIEW shop.newer_view AS SELECT * FROM shop.newer_than_the_backup;
  DROP PUBLICATION deli_changes;
  ALTER DATABASE ${sample} RESET timezone;
  ALTER DATABASE ${sample} OWNER TO deli_app;
  COMMENT ON DATABASE ${sample} IS NULL`;
