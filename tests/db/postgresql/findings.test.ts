import { describe, expect, onTestFinished, test } from 'vitest';
import type { Inventory } from '../../../src/model/inventory.ts';
import { connect } from '../../servers/connect.ts';
import { serverIsMissing, sharedServer } from '../../servers/servers.ts';
import { dump, emptyInventory, open } from './harness.ts';
import { createRichDatabase, unique } from './rich-database.ts';

describe.each(['postgresql-15', 'postgresql-18'] as const)('on %s', async (kind) => {
  const missing = await serverIsMissing(kind);

  /** A role without any rights, that ends with the test. */
  async function plainRole() {
    const server = await sharedServer(kind);
    const admin = await connect(server);
    const role = unique('plain');
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
    onTestFinished(async () => {
      await admin.query(`DROP ROLE ${role}`);
      await admin.close();
    });
    return { server, admin, role, adapter: await open(server, { user: role, password: 'x' }) };
  }

  test.skipIf(missing)(
    'what an account may not dump is named, and the statements of the hints are enough (F2, F8)',
    async () => {
      const { server, admin, role, adapter } = await plainRole();
      const rich = await createRichDatabase(server);
      onTestFinished(rich.drop);
      await admin.query(`GRANT CONNECT ON DATABASE ${rich.name} TO ${role}`);
      const inside = await connect(server, rich.name);
      onTestFinished(() => inside.close());
      await inside.query('ALTER TABLE customer ENABLE ROW LEVEL SECURITY');
      const read = async () => await adapter.dumpFindings(rich.name, await adapter.inventory(rich.name));

      const first = await read();
      expect(first.map(({ severity, kind: reason }) => `${severity} ${reason}`)).toEqual(
        Array(3).fill('error privileges'),
      );
      expect(first[0]?.message).toContain(`${role} may not read "Odd ""one"."Tab le"`);
      expect(first[1]?.message).toBe(`${role} may not read 2 large object(s)`);
      expect(first[2]?.message).toContain('row-level security hides rows of public.customer');
      await expect(dump(server, adapter, rich.name)).rejects.toMatchObject({ kind: 'failed' });

      for (const { hint } of [first[0], first[2]].filter((each) => each !== undefined)) {
        await inside.query(/run: (.*)/.exec(hint)?.[1] ?? 'no statement');
      }
      const objects = await inside.query<{ oid: string }>('SELECT oid::text FROM pg_largeobject_metadata');
      for (const { oid } of objects) await inside.query(`GRANT SELECT ON LARGE OBJECT ${oid} TO ${role}`);
      expect(await read()).toEqual([]);
      await dump(server, adapter, rich.name);
    },
  );

  test.skipIf(missing)(
    'passwords of user mappings and subscriptions that a dump leaves out are mentioned (F15)',
    async () => {
      const { server, admin, role, adapter } = await plainRole();
      const name = unique('mapped');
      await admin.query(`CREATE DATABASE ${name}`);
      onTestFinished(async () => void (await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)));
      const inside = await connect(server, name);
      await inside.script(`CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
      CREATE USER MAPPING FOR ${role} SERVER far OPTIONS (user 'u', password 'p')`);
      await inside.query(
        `CREATE SUBSCRIPTION sub CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE)`,
      );
      onTestFinished(async () => {
        await inside.query('DROP SUBSCRIPTION sub');
        await inside.query(`DROP USER MAPPING FOR ${role} SERVER far`);
        await inside.close();
      });
      const messages = async (from: typeof adapter) =>
        (await from.dumpFindings(name, emptyInventory)).map(
          ({ severity, message }) => `${severity}: ${message}`,
        );
      expect(await messages(adapter)).toEqual([
        'warning: only a superuser can dump subscriptions: sub will be missing',
        'warning: only a superuser can dump the options of user mappings (foreign servers: far): user names and passwords will be missing',
      ]);
      expect(await messages(await open(server))).toEqual([
        'warning: the backup holds passwords of user mappings in clear (foreign servers: far)',
      ]);
      const inventory = await adapter.inventory(name);
      expect(inventory.needs.roles).toContain(role);
      expect(inventory.extensions.map((each) => each.name)).toEqual(['plpgsql', 'postgres_fdw']);
      // What an extension brings is the extension's.
      expect(inventory.routines).toEqual([]);
    },
  );

  test.skipIf(missing)(
    'roles that are missing are named with the flags that help, each only where it helps',
    async () => {
      const adapter = await open(await sharedServer(kind));
      const source = { flavour: 'postgresql', version: adapter.server.version } as const;
      const needs = { ...emptyInventory.needs, roles: ['gone owner', 'gone reader'] };
      const uses = { owners: ['gone owner'], grants: ['gone reader'] };
      const messages = async (inventory: Inventory, noOwner: boolean, noAcl: boolean) =>
        (await adapter.restoreFindings(inventory, { noOwner, noAcl, source })).map(
          ({ message, hint }) => `${message} | ${hint}`,
        );
      const inventory = { ...emptyInventory, needs: { ...needs, roleUses: uses } };
      const lacks = (roles: string) =>
        expect.stringContaining(`the server does not have these roles: ${roles} |`) as string;
      expect(await messages(inventory, false, false)).toEqual([lacks('gone owner, gone reader')]);
      expect(await messages(inventory, false, false)).toEqual([
        expect.stringMatching(/CREATE ROLE "gone owner"; CREATE ROLE "gone reader";.*--no-owner --no-acl/),
      ]);
      expect(await messages(inventory, true, false)).toEqual([lacks('gone reader')]);
      expect(await messages(inventory, false, true)).toEqual([lacks('gone owner')]);
      expect(await messages(inventory, true, true)).toEqual([]);
      // A role of a policy is needed with every flag, and no flag is offered then.
      const bound = { ...inventory, needs: { ...inventory.needs, roles: [...needs.roles, 'gone policy'] } };
      expect(await messages(bound, true, true)).toEqual([lacks('gone policy')]);
      expect((await messages(bound, false, false)).join()).not.toContain('--no-owner');
      // An older manifest does not say what for.
      expect(await messages({ ...emptyInventory, needs }, true, false)).toEqual([
        lacks('gone owner, gone reader'),
      ]);
    },
  );

  test.skipIf(missing)('everything else that a target lacks is named before it is touched', async () => {
    const { adapter, role } = await plainRole();
    const { major } = adapter.server.version;
    const newer = { text: `${major + 1}.1`, major: major + 1, minor: 1, patch: 0 };
    const findings = await adapter.restoreFindings(
      {
        ...emptyInventory,
        triggers: [{ name: 'note', table: 'ddl_command_end' }],
        extensions: [
          { name: 'plpgsql', version: '1.0' },
          { name: 'no_such_thing', version: '1' },
          { name: 'file_fdw', version: '1' },
        ],
        needs: {
          ...emptyInventory.needs,
          collations: ['xx_XX'],
          tablespaces: ['fast'],
          roles: ['postgres'],
          roleUses: { owners: ['postgres'], grants: [] },
        },
        database: {
          ...emptyInventory.database,
          collation: 'xx_XX.UTF-8',
          settings: [
            { name: 'work_mem', value: '1MB' },
            { name: 'no_such_setting', value: '1' },
            { name: 'log_statement', value: 'all' },
            { role: 'nobody there', name: 'work_mem', value: '1MB' },
          ],
        },
      },
      { noOwner: false, noAcl: false, source: { flavour: 'postgresql', version: newer } },
    );
    expect(
      findings.map(({ severity, kind: reason, message }) => `${severity} ${reason}: ${message}`),
    ).toEqual([
      `error failed: the backup is from PostgreSQL ${major + 1}, and this server is the older ${major}`,
      `error privileges: ${role} may not create databases`,
      `error privileges: ${role} cannot give objects to roles that it is not a member of: postgres`,
      'error failed: the server does not have these tablespaces: fast',
      'error failed: these extensions are not installed on the server: no_such_thing',
      'error privileges: only a superuser can create these extensions: file_fdw',
      'error failed: the server does not have these collations: xx_XX',
      'error failed: the machine of the server does not have these locales: xx_XX.UTF-8',
      'warning failed: settings of the database that this server or account does not take are left out: no_such_setting, log_statement, work_mem (role nobody there)',
      'error privileges: only a superuser can create event triggers: note',
    ]);
    for (const { hint } of findings) expect(hint).not.toBe('');
  });
});
