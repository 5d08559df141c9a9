import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../servers/connect.ts';
import type { TestServer } from '../../servers/server.ts';
import { serverIsMissing, startServer } from '../../servers/servers.ts';
import { describeDatabase, dropDatabase, dump, loadFresh, open, propertiesOf, replace } from './harness.ts';
import { createRichDatabase, unique } from './rich-database.ts';

describe.each(['postgresql-15', 'postgresql-18'] as const)('on %s', async (kind) => {
  describe.skipIf(await serverIsMissing(kind))('a restored database', () => {
    // Its own server: some cases need prepared transactions, and some replace `postgres`.
    let server: TestServer;
    beforeAll(async () => {
      server = await startServer(kind, { args: ['-c', 'max_prepared_transactions=2'] });
    });
    afterAll(async () => server.stop());

    /** A rich database, and a restored copy of it that has no name of its own yet. */
    async function restored() {
      const rich = await createRichDatabase(server);
      onTestFinished(rich.drop);
      const adapter = await open(server);
      const inventory = await adapter.inventory(rich.name);
      const properties = await propertiesOf(server, rich.name);
      const content = await describeDatabase(server, rich.name);
      const { part } = await dump(server, adapter, rich.name);
      const fresh = await loadFresh(server, adapter, part, inventory);
      return { rich, adapter, inventory, properties, content, fresh };
    }

    async function present(name = unique('present')): Promise<string> {
      const admin = await connect(server);
      await admin.query(`CREATE DATABASE ${name}`);
      await admin.query(`ALTER DATABASE ${name} SET work_mem TO '7MB'`);
      await admin.close();
      onTestFinished(() => dropDatabase(server, name));
      const inside = await connect(server, name);
      await inside.script('CREATE TABLE precious AS SELECT 42 AS answer');
      await inside.close();
      return name;
    }

    test('takes a free name with the settings, ACL, owner, comment and limit of its source (F21)', async () => {
      const { adapter, inventory, properties, content, fresh } = await restored();
      const name = unique('new name');
      onTestFinished(() => dropDatabase(server, name));
      await replace(server, adapter, { fresh, name }, inventory);
      expect(await propertiesOf(server, name)).toEqual(properties);
      expect(await describeDatabase(server, name)).toEqual(content);
      expect(await adapter.databaseExists(fresh)).toBe(false);
    });

    test('replaces its own source, and nothing of the old one remains', async () => {
      const { rich, adapter, inventory, properties, content, fresh } = await restored();
      const wreck = await connect(server, rich.name);
      await wreck.script('DROP TABLE customer CASCADE');
      await wreck.close();
      await replace(server, adapter, { fresh, name: rich.name }, inventory);
      expect(await describeDatabase(server, rich.name)).toEqual(content);
      expect(await propertiesOf(server, rich.name)).toEqual(properties);
      const left = (await adapter.databases()).filter(({ name }) => name.startsWith('vya_tmp_'));
      expect(left).toEqual([]);
    });

    test('replaces another database and keeps that one, open, under another name', async () => {
      const { adapter, inventory, content, fresh } = await restored();
      const name = await present();
      const [before, itsProperties] = [
        await describeDatabase(server, name),
        await propertiesOf(server, name),
      ];
      const keepOldAs = `${name}_old`;
      onTestFinished(() => dropDatabase(server, keepOldAs));
      await replace(server, adapter, { fresh, name, keepOldAs }, inventory);
      expect(await describeDatabase(server, name)).toEqual(content);
      expect(await describeDatabase(server, keepOldAs)).toEqual(before);
      expect(await propertiesOf(server, keepOldAs)).toEqual(itsProperties);
    });

    test('leaves owner and ACL to the account that restores when it is told so', async () => {
      const { adapter, inventory, fresh } = await restored();
      const name = unique('plain');
      onTestFinished(() => dropDatabase(server, name));
      await replace(server, adapter, { fresh, name, noOwner: true, noAcl: true }, inventory);
      expect(await propertiesOf(server, name)).toMatchObject({
        owner: 'postgres',
        acl: [],
        datconnlimit: 40,
      });
    });

    test('does not take the name when the old one cannot be moved aside, and leaves that as it was', async () => {
      const { adapter, inventory, fresh } = await restored();
      const name = await present();
      const taken = await present();
      const before = [await describeDatabase(server, name), await propertiesOf(server, name)];
      const failing = replace(server, adapter, { fresh, name, keepOldAs: taken }, inventory);
      await expect(failing).rejects.toMatchObject({
        kind: 'failed',
        message: expect.stringContaining('already exists') as string,
      });
      expect([await describeDatabase(server, name), await propertiesOf(server, name)]).toEqual(before);
      expect(await adapter.databaseExists(fresh)).toBe(true);
    });

    test('does not take the name when its owner does not exist, and leaves the old one as it was', async () => {
      const { adapter, inventory, fresh } = await restored();
      const name = await present();
      const before = [await describeDatabase(server, name), await propertiesOf(server, name)];
      const wrong = { ...inventory, database: { ...inventory.database, owner: 'nobody there' } };
      await expect(replace(server, adapter, { fresh, name }, wrong)).rejects.toThrow(/nobody there/);
      expect([await describeDatabase(server, name), await propertiesOf(server, name)]).toEqual(before);
    });

    test('gets in between clients that reconnect without pause (F52)', async () => {
      const { adapter, inventory, content, fresh } = await restored();
      const name = await present();
      const over = new AbortController();
      let connections = 0;
      const client = async () => {
        while (!over.signal.aborted) {
          try {
            const connection = await connect(server, name);
            connections += 1;
            await connection.query('SELECT pg_sleep(0.01)');
            await connection.close();
          } catch {
            await sleep(1);
          }
        }
      };
      const clients = Array.from({ length: 8 }, client);
      while (connections < 20) await sleep(10);
      await replace(server, adapter, { fresh, name }, inventory);
      over.abort();
      await Promise.all(clients);
      expect(await describeDatabase(server, name)).toEqual(content);
    });

    test('can take the place of postgres, where vya itself is connected', async () => {
      const { adapter, inventory, content, fresh } = await restored();
      const keepOldAs = unique('postgres_old');
      await replace(server, adapter, { fresh, name: 'postgres', keepOldAs }, inventory);
      expect(await describeDatabase(server, 'postgres')).toEqual(content);
      const template = await connect(server, 'template1');
      await template.query(`DROP DATABASE postgres WITH (FORCE)`);
      await template.query(`ALTER DATABASE ${keepOldAs} RENAME TO postgres`);
      await template.close();
      expect((await adapter.databases()).map(({ name }) => name)).toContain('postgres');
    });

    test('is kept from the name by slots, subscriptions and prepared transactions, which are named beforehand', async () => {
      const adapter = await open(server);
      const name = await present();
      expect(await adapter.replaceFindings(name, { inPlace: false })).toEqual([]);
      const inside = await connect(server, name);
      await inside.query(`SELECT pg_create_logical_replication_slot('slot_${name}', 'test_decoding')`);
      await inside.query(
        `CREATE SUBSCRIPTION sub CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE)`,
      );
      await inside.script(`BEGIN; CREATE TABLE t (); PREPARE TRANSACTION 'two''phase'`);
      const findings = await adapter.replaceFindings(name, { inPlace: false });
      expect(findings.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
        `error: ${name} cannot be replaced while it has replication slots: slot_${name}`,
        `error: ${name} cannot be replaced while it has subscriptions: sub`,
        `error: ${name} cannot be replaced while it has prepared transactions: two'phase`,
        `warning: 1 session(s) in ${name} will be ended`,
      ]);
      // The hints are the way out.
      for (const { hint } of findings.slice(0, 3)) {
        await inside.query(/\((.*);\)/.exec(hint)?.[1] ?? 'no statement');
      }
      await inside.close();
      expect(
        (await adapter.replaceFindings(name, { inPlace: false })).filter(
          ({ severity }) => severity === 'error',
        ),
      ).toEqual([]);
    });

    test('cannot replace what belongs to others: the rights that are missing are named as statements', async () => {
      const name = await present();
      const role = unique('limited');
      const admin = await connect(server);
      await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
      await admin.query(`CREATE ROLE boss_${role}`);
      await admin.query(`ALTER DATABASE ${name} OWNER TO boss_${role}`);
      const adapter = await open(server, { user: role, password: 'x' });
      const findings = await adapter.replaceFindings(name, { inPlace: false });
      expect(findings.map(({ kind: reason }) => reason)).toEqual(['privileges', 'privileges']);
      for (const { hint } of findings) await admin.query(/run: (.*)/.exec(hint)?.[1] ?? 'no statement');
      expect(await adapter.replaceFindings(name, { inPlace: false })).toEqual([]);
      await admin.close();
    });

    test('is brought back by an account that may only create databases, without owners and grants', async () => {
      const name = await present();
      const role = unique('creator');
      const admin = await connect(server);
      await admin.query(`CREATE ROLE ${role} LOGIN CREATEDB PASSWORD 'x'`);
      const inside = await connect(server, name);
      await inside.script(`CREATE EXTENSION pg_trgm; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
        GRANT SELECT ON precious TO ${role}; SELECT lo_from_bytea(0, 'large'); COMMENT ON SCHEMA public IS 'ours'`);
      await inside.close();
      const boss = await open(server);
      const inventory = await boss.inventory(name);
      const { part } = await dump(server, boss, name);
      const before = await describeDatabase(server, name);

      const adapter = await open(server, { user: role, password: 'x' });
      const source = { flavour: 'postgresql', version: adapter.server.version } as const;
      const flags = { noOwner: true, noAcl: true };
      expect(await adapter.restoreFindings(inventory, { ...flags, source })).toEqual([]);
      const fresh = await loadFresh(server, adapter, part, inventory, flags);
      const again = unique('again');
      onTestFinished(() => dropDatabase(server, again));
      await replace(server, adapter, { fresh, name: again, ...flags }, inventory);
      const after = await describeDatabase(server, again);
      expect([after['rows'], after['largeObjects']]).toEqual([before['rows'], before['largeObjects']]);
      expect(await propertiesOf(server, again)).toMatchObject({ owner: role, settings: ['-: work_mem=7MB'] });
      await admin.close();
    });

    test('with a subscription can be dropped again', async () => {
      const name = await present();
      const inside = await connect(server, name);
      await inside.query(
        `CREATE SUBSCRIPTION sub CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE)`,
      );
      onTestFinished(async () => {
        await inside.query('DROP SUBSCRIPTION sub');
        await inside.close();
      });
      const adapter = await open(server);
      const { part } = await dump(server, adapter, name);
      const fresh = await loadFresh(server, adapter, part, await adapter.inventory(name));
      await adapter.dropDatabase(fresh);
      expect(await adapter.databaseExists(fresh)).toBe(false);
    });
  });
});
