import { rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { FileCheck } from '../../../src/db/archive-check.ts';
import { postgresqlEngine } from '../../../src/db/postgresql/engine.ts';
import { runPipeline } from '../../../src/exec/pipeline.ts';
import type { Inventory } from '../../../src/model/inventory.ts';
import { decompressor } from '../../../src/storage/codecs.ts';
import { connect } from '../../servers/connect.ts';
import { pathWith, serverIsMissing, sharedServer } from '../../servers/servers.ts';
import {
  describeDatabase,
  dropDatabase,
  dump,
  emptyInventory,
  loadFresh,
  open,
  programsOf,
  signal,
} from './harness.ts';
import { targetOf } from '../target.ts';
import { awfulNames, createRichDatabase, unique } from './rich-database.ts';

describe.each(['postgresql-15', 'postgresql-18'] as const)('a dump of %s', async (kind) => {
  const missing = await serverIsMissing(kind);

  test.skipIf(missing).each(['zstd', 'gzip', 'none'] as const)(
    'with %s comes back byte for byte, object for object, in a fresh database',
    async (codec) => {
      const server = await sharedServer(kind);
      const rich = await createRichDatabase(server);
      onTestFinished(rich.drop);
      const adapter = await open(server);
      const before = await describeDatabase(server, rich.name);
      const inventory = await adapter.inventory(rich.name);
      const { plan, part } = await dump(server, adapter, rich.name, { codec, level: 5 });

      const fresh = await loadFresh(server, adapter, part, inventory);

      expect(part.format).toBe(kind === 'postgresql-18' ? 'pg-directory' : 'pg-custom');
      expect(plan.oldestClient).toBe(kind === 'postgresql-18' ? 'pg_restore 17' : 'pg_restore 12');
      expect(await describeDatabase(server, fresh)).toEqual(before);
      const copy = await adapter.inventory(fresh);
      const { tables, database, ...objects } = inventory;
      expect(copy).toMatchObject({
        ...objects,
        needs: {
          ...objects.needs,
          roles: expect.anything() as string[],
          roleUses: expect.anything() as object,
        },
      });
      expect(copy.tables.map(({ schema, name }) => `${schema}.${name}`)).toEqual(
        tables.map(({ schema, name }) => `${schema}.${name}`),
      );
      expect(copy.database).toMatchObject({
        encoding: database.encoding,
        collation: database.collation,
        ctype: database.ctype,
      });
    },
  );

  test.skipIf(missing)(
    'takes and restores databases with names that look like something else (F34)',
    async () => {
      const server = await sharedServer(kind);
      const adapter = await open(server);
      for (const awful of awfulNames) {
        const name = `${unique('n')} ${awful}`;
        await adapter.createDatabase(name, emptyInventory);
        onTestFinished(() => dropDatabase(server, name));
        const connection = await connect(server, name);
        await connection.script(`CREATE TABLE t AS SELECT 'here' AS a`);
        await connection.close();
        const { part } = await dump(server, adapter, name);
        const again = `vya_tmp_${name}`;
        await adapter.createDatabase(again, await adapter.inventory(name));
        onTestFinished(() => dropDatabase(server, again));
        const programs = await programsOf(server, adapter);
        const options = {
          programs,
          sourceDatabase: name,
          noOwner: false,
          noAcl: false,
          jobs: 2,
          disableEvents: false,
        };
        const { command } = adapter.loadStep(part, again, options);
        const input = part.format === 'pg-custom' ? part.path : undefined;
        await runPipeline([command], { signal, input, output: 'drop' });
        expect(await describeDatabase(server, again)).toEqual(await describeDatabase(server, name));
        await adapter.dropDatabase(again);
        expect(await adapter.databaseExists(again)).toBe(false);
      }
    },
  );

  test.skipIf(missing)('loads without owners and grants where the roles are missing', async () => {
    const server = await sharedServer(kind);
    const rich = await createRichDatabase(server);
    onTestFinished(rich.drop);
    const adapter = await open(server);
    const inventory = await adapter.inventory(rich.name);
    const { part } = await dump(server, adapter, rich.name);
    const fresh = await loadFresh(server, adapter, part, inventory, { noOwner: true, noAcl: true });
    const copy = await adapter.inventory(fresh);
    // A policy names its role whatever is left out.
    expect(copy.needs.roles).toEqual([rich.reader, 'postgres'].toSorted());
    expect(copy.needs.roleUses).toEqual({ owners: ['postgres'], grants: [] });
  });

  test.skipIf(missing)(
    'is found to be cut short by a full read, not by its table of contents (F4)',
    async () => {
      const server = await sharedServer(kind);
      const rich = await createRichDatabase(server);
      onTestFinished(rich.drop);
      const adapter = await open(server);
      const programs = await programsOf(server, adapter);
      const { part } = await dump(server, adapter, rich.name);
      const check = postgresqlEngine.archiveCheck(part, programs);
      if (!('command' in check)) throw new Error('expected a command');
      const read = async () => {
        const input = part.format === 'pg-custom' ? part.path : undefined;
        await runPipeline([check.command], { signal, input, output: 'drop' });
      };
      await read();
      if (part.format === 'pg-custom') await truncate(part.path, 20_000);
      else
        await rm(path.join(part.path, 'toc.dat')).then(() => writeFile(path.join(part.path, 'toc.dat'), ''));
      await expect(read()).rejects.toMatchObject({ kind: 'failed' });
    },
  );

  test.skipIf(missing)(
    'gives up on a lock after the time that is set, and leaves no session waiting (F6)',
    async () => {
      const server = await sharedServer(kind);
      const name = unique('locked');
      const adapter = await open(server, { lockWaitSeconds: 1 });
      await adapter.createDatabase(name, emptyInventory);
      onTestFinished(() => dropDatabase(server, name));
      const holder = await connect(server, name);
      await holder.query('CREATE TABLE t (a int)');
      await holder.script('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
      const findings = await adapter.dumpFindings(name, await adapter.inventory(name));
      expect(findings.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
        expect.stringMatching(/^warning: the dump will have to wait for locks: public\.t \(session \d+\)$/),
      ]);
      await expect(dump(server, adapter, name)).rejects.toThrow(/LOCK TABLE public.t/);
      // Sessions that were closed a moment ago may still be on their way out.
      const others = () =>
        holder.query(
          `SELECT state, query FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
          [name],
        );
      await expect.poll(others, { timeout: 60_000 }).toEqual([]);
      await holder.close();
    },
  );
});

const one = (await serverIsMissing('postgresql-15')) || (await serverIsMissing('postgresql-18'));

test.skipIf(one)(
  'a dump of PostgreSQL 15 restores into 18, large objects too, with the programs of each (F14)',
  async () => {
    const [source, target] = [await sharedServer('postgresql-15'), await sharedServer('postgresql-18')];
    const rich = await createRichDatabase(source);
    onTestFinished(rich.drop);
    const from = await open(source);
    const inventory = await from.inventory(rich.name);
    const { part } = await dump(source, from, rich.name);
    const into = await open(target);
    const flags = { noOwner: false, noAcl: false };
    const version = from.server.version;
    const lacks = async () =>
      await into.restoreFindings(inventory, { ...flags, source: { flavour: 'postgresql', version } });
    expect((await lacks()).map(({ message }) => message)).toContain(
      `the server does not have these roles: ${[rich.reader, rich.owner].join(', ')}`,
    );
    const admin = await connect(target);
    for (const role of [rich.owner, rich.reader])
      await admin.query(`CREATE ROLE "${role.replaceAll('"', '""')}"`);
    const fresh = await loadFresh(target, into, part, inventory);
    expect(await lacks()).toEqual([]);
    const names = ({ tables, views, routines, triggers, sequences }: Inventory) =>
      [tables, views, routines, triggers, sequences].map((list) =>
        list.map(({ schema, name }) => `${schema}.${name}`),
      );
    expect(names(await into.inventory(fresh))).toEqual(names(inventory));
    const [before, after] = [
      await describeDatabase(source, rich.name),
      await describeDatabase(target, fresh),
    ];
    expect([after['rows'], after['sequences'], after['largeObjects']]).toEqual([
      before['rows'],
      before['sequences'],
      before['largeObjects'],
    ]);
    await dropDatabase(target, fresh);
    for (const role of [rich.owner, rich.reader])
      await admin.query(`DROP ROLE "${role.replaceAll('"', '""')}"`);
    await admin.close();
  },
);

test.skipIf(await serverIsMissing('postgresql-18'))(
  'what was restored so far can be dropped after an abort',
  async () => {
    const server = await sharedServer('postgresql-18');
    const abort = new AbortController();
    const adapter = await postgresqlEngine.connect(targetOf(server), { signal: abort.signal });
    const fresh = unique('vya_tmp_restore');
    await adapter.createDatabase(fresh, emptyInventory);
    abort.abort(new Error('enough'));
    await expect(adapter.databases()).rejects.toThrow('enough');
    await adapter.dropDatabase(fresh);
    await adapter.close();
    expect(await (await open(server)).databaseExists(fresh)).toBe(false);
  },
);

test.skipIf(await serverIsMissing('postgresql-18')).each(['zstd', 'gzip', 'none'] as const)(
  'a %s data file of a directory that ends too early is found, although pg_restore takes it (F16)',
  async (codec) => {
    const server = await sharedServer('postgresql-18');
    const rich = await createRichDatabase(server);
    onTestFinished(rich.drop);
    const adapter = await open(server);
    const programs = await programsOf(server, adapter);
    const { part } = await dump(server, adapter, rich.name, { codec, level: 3 });
    const check = postgresqlEngine.archiveCheck(part, programs);
    if (!('command' in check)) throw new Error('expected a command');
    const { command, files = [] } = check;
    const decompress = await decompressor(codec, { PATH: await pathWith(server) });
    const readFile = async ({ path: file, endMarker = '' }: FileCheck) => {
      const reader = decompress ?? { file: 'cat', args: [], env: { PATH: '/usr/bin:/bin' } };
      const content = await runPipeline([reader], { signal, input: file, output: 'keep' });
      if (!content.toString().endsWith(endMarker)) throw new Error('cut');
    };
    // Tables, and large objects, which have no marker.
    expect(files.filter(({ endMarker }) => endMarker !== undefined).length).toBeGreaterThanOrEqual(4);
    expect(files.filter(({ endMarker }) => endMarker === undefined)).toHaveLength(2);
    for (const file of files) await readFile(file);
    for (const file of files.filter(({ endMarker }) => endMarker !== undefined)) {
      const { size } = await stat(file.path);
      await truncate(file.path, size - 1);
      await expect(readFile(file)).rejects.toThrow(/./);
    }
    await runPipeline([command], { signal, output: 'drop' });
  },
);

describe.each(['postgresql-15', 'postgresql-18'] as const)('a fresh database on %s', async (kind) => {
  const icu = `LOCALE_PROVIDER icu ICU_LOCALE 'de-DE'`;
  const cases = [
    `ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'`,
    `ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'`,
    `ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8' ${icu}`,
    ...(kind === 'postgresql-18'
      ? [
          `ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' ${icu} ICU_RULES '& a < g'`,
          `ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'`,
        ]
      : []),
  ];
  test.skipIf(await serverIsMissing(kind)).each(cases)(
    'has the encoding and locale of its source: %s (F22)',
    async (options) => {
      const server = await sharedServer(kind);
      const name = unique('locale');
      const admin = await connect(server);
      await admin.query(`CREATE DATABASE ${name} TEMPLATE template0 ${options}`);
      onTestFinished(() => dropDatabase(server, name));
      const adapter = await open(server);
      const inventory = await adapter.inventory(name);
      const flags = { noOwner: true, noAcl: true };
      const source = { flavour: 'postgresql', version: adapter.server.version } as const;
      expect(await adapter.restoreFindings(inventory, { ...flags, source })).toEqual([]);
      const fresh = unique('vya_tmp_restore');
      await adapter.createDatabase(fresh, inventory);
      onTestFinished(() => dropDatabase(server, fresh));
      const rows = await admin.query(
        `SELECT encoding, datcollate, datctype, j ->> 'datlocprovider' AS provider, coalesce(j ->> 'datlocale', j ->> 'daticulocale') AS locale, j ->> 'daticurules' AS rules
         FROM pg_database d, to_jsonb(d) AS j WHERE datname IN ($1, $2)`,
        [name, fresh],
      );
      expect(rows[1]).toEqual(rows[0]);
      await admin.close();
    },
  );
});
