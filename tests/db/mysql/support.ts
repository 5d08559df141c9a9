import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DatabaseAdapter, DumpPart, StoredPart } from '../../../src/db/adapter.ts';
import type { ClientPrograms } from '../../../src/db/client-program.ts';
import type { ReplaceRequest } from '../../../src/db/replacement.ts';
import { mysqlEngine } from '../../../src/db/mysql/engine.ts';
import type { Command } from '../../../src/exec/command.ts';
import { runPipeline } from '../../../src/exec/pipeline.ts';
import type { InstanceTarget } from '../../../src/model/instance.ts';
import { type Connection, connect } from '../../servers/connect.ts';
import type { TestServer } from '../../servers/server.ts';
import { pathWith, sharedServer } from '../../servers/servers.ts';
import { targetOf } from '../target.ts';

export const flavours = ['mysql-9.7', 'mariadb-10.11'] as const;

/** A session of vya's on a server, a connection of the test's own, and a folder that is removed at the end. */
export interface Bench {
  server: TestServer;
  adapter: DatabaseAdapter;
  programs: ClientPrograms;
  admin: Connection;
  folder: string;
  close(): Promise<void>;
}

const never = new AbortController().signal;

export async function openBench(
  kind: (typeof flavours)[number],
  overrides: Partial<InstanceTarget> = {},
  server?: TestServer,
): Promise<Bench> {
  const reached = server ?? (await sharedServer(kind));
  const adapter = await mysqlEngine.connect(targetOf(reached, overrides), { signal: never });
  const programs = await mysqlEngine.findPrograms(adapter.server, { PATH: await pathWith(reached) });
  const admin = await connect(reached);
  const folder = await mkdtemp(path.join(tmpdir(), 'vya-test-'));
  return {
    server: reached,
    adapter,
    programs,
    admin,
    folder,
    async close() {
      await adapter.close();
      await admin.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** An empty database of this name, whatever was there before. */
export async function freshDatabase({ admin }: Bench, name: string): Promise<void> {
  await admin.query(`DROP DATABASE IF EXISTS ${quote(name)}`);
  await admin.query(`CREATE DATABASE ${quote(name)} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
}

/** Runs statements inside a database, one after the other. */
export async function inside({ server }: Bench, database: string, ...statements: string[]): Promise<void> {
  const connection = await connect(server, database);
  try {
    for (const statement of statements) await connection.script(statement);
  } finally {
    await connection.close();
  }
}

export async function runInto(command: Command, file: string): Promise<void> {
  await runPipeline([command], { signal: never, output: { appendTo: file } });
}

/** Dumps a database into plain files. */
export async function dump(bench: Bench, database: string): Promise<StoredPart[]> {
  const inventory = await bench.adapter.inventory(database);
  const plan = bench.adapter.dumpPlan({
    database,
    inventory,
    programs: bench.programs,
    compression: { codec: 'none', level: 1 },
    jobs: 1,
    directoryFor: (suffix) => path.join(bench.folder, suffix),
  });
  const parts: StoredPart[] = [];
  for (const part of plan.parts)
    parts.push(await store(part, await mkdtemp(path.join(bench.folder, 'dump-'))));
  return parts;
}

async function store(part: DumpPart, folder: string): Promise<StoredPart> {
  const file = path.join(folder, `part${part.suffix}`);
  for (const command of part.commands) await runInto(command, file);
  return { path: file, format: part.format, holds: part.holds };
}

/** Loads parts as a restore does. */
export async function load(
  bench: Bench,
  parts: readonly StoredPart[],
  database: string,
  { sourceDatabase = database, disableEvents = false } = {},
): Promise<void> {
  for (const part of parts) {
    const step = bench.adapter.loadStep(part, database, {
      programs: bench.programs,
      sourceDatabase,
      noOwner: false,
      noAcl: false,
      jobs: 1,
      disableEvents,
    });
    const input = step.rewrite ? step.rewrite(await readFile(part.path)) : part.path;
    const commands = [step.filter, step.command].filter((command) => command !== undefined);
    await runPipeline(commands, { signal: never, input, output: 'drop' });
  }
}

/** A replacement as a restore asks for it. */
export async function replaceRequest(
  bench: Bench,
  parts: readonly StoredPart[],
  request: Partial<ReplaceRequest> & { fresh: string; name: string; sourceDatabase: string },
): Promise<ReplaceRequest> {
  const objects = parts.filter(({ holds }) => !holds.includes('tables'));
  return {
    keepOldAs: undefined,
    mayReplace: true,
    inventory: await bench.adapter.inventory(request.fresh),
    noOwner: false,
    noAcl: false,
    programs: bench.programs,
    objects: await Promise.all(
      objects.map(async ({ holds, path: file }) => ({ holds, content: await readFile(file) })),
    ),
    disableEvents: false,
    signal: never,
    ...request,
  };
}

/**
 * Everything of a database that can be compared: rows by checksum, the next numbers, and the definitions of all objects in the
 * server's words.
 */
export async function picture({ server }: Bench, database: string): Promise<Record<string, unknown>> {
  const connection = await connect(server, database);
  const seen: Record<string, unknown> = {};
  const define = async (kind: string, name: string) => {
    const [row] = await connection.query<Record<string, unknown>>(`SHOW CREATE ${kind} ${quote(name)}`);
    const { Created: _created, ...rest } = row ?? {};
    // MySQL remembers that a column's character set was written out, as every dump does.
    const text = JSON.stringify(rest).replaceAll(
      /(`[^`]+` \w+(?:\(\d+\))?) CHARACTER SET utf8mb4 COLLATE/g,
      '$1 COLLATE',
    );
    seen[`${kind} ${name}`] = JSON.parse(text);
  };
  const schema = { where: 'CAST(? AS BINARY)' };
  try {
    const tables = await connection.query<{ name: string; type: string }>(
      `SELECT TABLE_NAME AS name, TABLE_TYPE AS type FROM information_schema.TABLES WHERE CAST(TABLE_SCHEMA AS BINARY) = ${schema.where}`,
      [database],
    );
    for (const { name, type } of tables) {
      await define(type === 'VIEW' ? 'VIEW' : type === 'SEQUENCE' ? 'SEQUENCE' : 'TABLE', name);
      if (type === 'VIEW' || type === 'SEQUENCE') continue;
      const [sum] = await connection.query<{ Checksum: number }>(`CHECKSUM TABLE ${quote(name)}`);
      seen[`rows of ${name}`] = sum?.Checksum;
    }
    const lists: [kind: string, sql: string][] = [
      [
        '',
        'SELECT ROUTINE_NAME AS name, ROUTINE_TYPE AS kind FROM information_schema.ROUTINES WHERE CAST(ROUTINE_SCHEMA AS BINARY)',
      ],
      [
        'TRIGGER',
        'SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS WHERE CAST(TRIGGER_SCHEMA AS BINARY)',
      ],
      [
        'EVENT',
        'SELECT EVENT_NAME AS name FROM information_schema.EVENTS WHERE CAST(EVENT_SCHEMA AS BINARY)',
      ],
    ];
    for (const [kind, sql] of lists) {
      const found = await connection.query<{ name: string; kind?: string }>(`${sql} = ${schema.where}`, [
        database,
      ]);
      for (const row of found) await define(row.kind ?? kind, row.name);
    }
    const [own] = await connection.query<{ 'Create Database': string }>(
      `SHOW CREATE DATABASE ${quote(database)}`,
    );
    seen['database'] = own?.['Create Database'].replace(quote(database), '');
  } finally {
    await connection.close();
  }
  return Object.fromEntries(Object.entries(seen).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
