import { execFile } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import type { DatabaseAdapter, DumpPlan, StoredPart } from '../../../src/db/adapter.ts';
import type { ClientPrograms } from '../../../src/db/client-program.ts';
import { postgresqlEngine } from '../../../src/db/postgresql/engine.ts';
import { runPipeline } from '../../../src/exec/pipeline.ts';
import type { InstanceTarget } from '../../../src/model/instance.ts';
import type { Inventory } from '../../../src/model/inventory.ts';
import { connect } from '../../servers/connect.ts';
import type { TestServer } from '../../servers/server.ts';
import { targetOf } from '../target.ts';
import { unique } from './rich-database.ts';

export const signal = new AbortController().signal;

/** A session that ends with the test. */
export async function open(
  server: TestServer,
  changes: Partial<InstanceTarget> = {},
): Promise<DatabaseAdapter> {
  const adapter = await postgresqlEngine.connect(targetOf(server, changes), { signal });
  onTestFinished(() => adapter.close());
  return adapter;
}

export async function programsOf(server: TestServer, adapter: DatabaseAdapter): Promise<ClientPrograms> {
  return await postgresqlEngine.findPrograms(adapter.server, { PATH: server.binDir });
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'vya-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Dumps a database as vya's plan says, and returns the part on disk. */
export async function dump(
  server: TestServer,
  adapter: DatabaseAdapter,
  database: string,
  compression: { codec: 'zstd' | 'gzip' | 'none'; level: number } = { codec: 'none', level: 3 },
  programs?: ClientPrograms,
): Promise<{ plan: DumpPlan; part: StoredPart }> {
  const directory = await temporaryDirectory();
  const place = (suffix: string) => path.join(directory, `dump${suffix}`);
  const plan = adapter.dumpPlan({
    database,
    inventory: await adapter.inventory(database),
    programs: programs ?? (await programsOf(server, adapter)),
    compression,
    jobs: 2,
    directoryFor: place,
  });
  const [planned] = plan.parts;
  if (!planned || plan.parts.length !== 1) throw new Error('expected one part');
  const part = { path: place(planned.suffix), format: planned.format, holds: planned.holds };
  if (part.format === 'pg-custom') closeSync(openSync(part.path, 'w'));
  const output = part.format === 'pg-directory' ? 'drop' : { appendTo: part.path };
  await runPipeline(planned.commands, { signal, output });
  return { plan, part };
}

export interface LoadFlags {
  noOwner?: boolean;
  noAcl?: boolean;
  jobs?: number;
  /** Instead of the server's own. */
  programs?: ClientPrograms;
}

/** Loads a part into a new database with the inventory's properties, and returns its name. It ends with the test. */
export async function loadFresh(
  server: TestServer,
  adapter: DatabaseAdapter,
  part: StoredPart,
  inventory: Inventory,
  flags: LoadFlags = {},
): Promise<string> {
  const fresh = unique('vya_tmp_restore');
  await adapter.createDatabase(fresh, inventory);
  onTestFinished(() => dropDatabase(server, fresh));
  const step = adapter.loadStep(part, fresh, {
    programs: flags.programs ?? (await programsOf(server, adapter)),
    sourceDatabase: 'any',
    noOwner: flags.noOwner ?? false,
    noAcl: flags.noAcl ?? false,
    jobs: flags.jobs ?? 2,
    disableEvents: false,
  });
  const input = part.format === 'pg-custom' ? part.path : undefined;
  const commands = [step.reader, step.filter, step.command].filter((command) => command !== undefined);
  await runPipeline(commands, { signal, input, output: 'drop' });
  return fresh;
}

/** Replaces as vya does, with what only MySQL needs left out. */
export async function replace(
  server: TestServer,
  adapter: DatabaseAdapter,
  request: { fresh: string; name: string; keepOldAs?: string; noOwner?: boolean; noAcl?: boolean },
  inventory: Inventory,
): Promise<void> {
  await adapter.replace({
    noOwner: false,
    noAcl: false,
    ...request,
    keepOldAs: request.keepOldAs,
    mayReplace: true,
    inventory,
    objects: [],
    sourceDatabase: 'any',
    disableEvents: false,
    signal,
    programs: await programsOf(server, adapter),
  });
}

export async function dropDatabase(server: TestServer, name: string): Promise<void> {
  const connection = await connect(server);
  await connection.query(`DROP DATABASE IF EXISTS "${name.replaceAll('"', '""')}" WITH (FORCE)`);
  await connection.close();
}

/** Everything that a restore has to bring back, as text and sums that do not depend on anything of vya's. */
export async function describeDatabase(server: TestServer, name: string): Promise<Record<string, unknown>> {
  const connection = await connect(server, name);
  const tables = await connection.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
      WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  const rows: Record<string, unknown> = {};
  for (const table of tables) {
    [rows[table.name]] = await connection.query(
      `SELECT count(*)::int AS count, md5(string_agg(t::text, '|' ORDER BY t::text)) AS sum FROM ONLY ${table.name} t`,
    );
  }
  const description = {
    rows,
    schema: await schemaOf(server, name),
    sequences: await connection.query(
      'SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2',
    ),
    largeObjects: await connection.query(
      `SELECT m.oid::text, string_agg(encode(o.data, 'hex'), '' ORDER BY o.pageno) AS content
         FROM pg_largeobject_metadata m JOIN pg_largeobject o ON o.loid = m.oid GROUP BY 1 ORDER BY 1`,
    ),
  };
  await connection.close();
  return description;
}

/** Owner, ACL, comment, limit and settings of a database, as the catalogue has them. */
export async function propertiesOf(server: TestServer, name: string): Promise<unknown> {
  const connection = await connect(server);
  const [row] = await connection.query(
    `SELECT pg_get_userbyid(datdba) AS owner, ARRAY(SELECT unnest(datacl)::text ORDER BY 1) AS acl, shobj_description(d.oid, 'pg_database') AS comment,
            datconnlimit, datallowconn, pg_encoding_to_char(encoding) AS encoding, datcollate, datctype,
            ARRAY(SELECT concat(setrole::regrole::text, ': ', setting) FROM pg_db_role_setting, unnest(setconfig) AS setting
                   WHERE setdatabase = d.oid ORDER BY 1) AS settings
       FROM pg_database d WHERE datname = $1`,
    [name],
  );
  await connection.close();
  return row;
}

async function schemaOf(server: TestServer, name: string): Promise<string> {
  const { stdout } = await promisify(execFile)(path.join(server.binDir, 'pg_dump'), ['--schema-only'], {
    env: {
      PATH: '/usr/bin:/bin',
      PGHOST: server.host,
      PGPORT: String(server.port),
      PGUSER: server.admin.user,
      PGPASSWORD: server.admin.password,
      PGDATABASE: name,
    },
    maxBuffer: 1 << 24,
  });
  return stdout.replaceAll(/^\\(un)?restrict .*$/gm, '');
}

/** The inventory of a database with nothing in it. */
export const emptyInventory: Inventory = {
  tables: [],
  views: [],
  routines: [],
  triggers: [],
  events: [],
  sequences: [],
  extensions: [],
  largeObjects: 0,
  needs: { roles: [], definers: [], collations: [], tablespaces: [], engines: [] },
  database: { encoding: 'UTF8', collation: 'C', sizeBytes: 0 },
};
