import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { pausedDump } from '../cli/paused-dump.ts';
import { scratchDatabases } from '../cli/test-database.ts';
import { connect } from '../servers/connect.ts';
import type { Inventory } from '../../src/model/inventory.ts';
import { backUp, type Contract, databasesOf, dropDatabase, ended, restore, run } from './contract.ts';
import { balance, startLedger, total } from './ledger.ts';
import { copyOfTree, tamper } from './tampering.ts';

const database = 'ledger';
const ledger = ['--database', database];

interface Verified {
  code: number;
  backups: {
    status: string;
    proof?: { passed: boolean; exact: boolean; compared: string; exceptions: string[]; target: string };
    error?: { kind: string; message: string };
  }[];
}

interface ExactBackup {
  instances: { databases: { exact: boolean; proof: { exceptions: string[] } }[] }[];
}

export function exactCases(contract: Contract): void {
  describe('exact backups', () => {
    afterEach(async () => {
      const { server, second } = contract;
      expect([...(await scratchDatabases(server)), ...(await scratchDatabases(second))]).toEqual([]);
      const made = (await databasesOf(server)).filter((name) => name.startsWith(database));
      for (const name of made) await dropDatabase(server, name);
    });

    const verify = async (args: readonly string[], env: Record<string, string> = {}): Promise<Verified> => {
      const latest = ['--instance', 'main', ...ledger, '--latest'];
      const result = await contract.space.vya(['verify', '--format', 'json', ...latest, ...args], { env });
      return result.json<Verified>();
    };
    const text = async (args: readonly string[]): Promise<string> => {
      const result = await contract.space.vya(args);
      ended(result, 0);
      return result.stdout;
    };

    test('a backup under load holds one moment, counted and digested in that very moment (F47, F48)', async () => {
      const { server } = contract;
      await run(server, `CREATE DATABASE ${database}`);
      const writing = await startLedger(server, database);
      await expect.poll(writing.commits, { timeout: 60_000 }).toBeGreaterThan(20);
      const before = writing.commits();
      const { path } = await backUp(contract, 'main', [...ledger, '--exact', '--jobs', '2']);
      const during = writing.commits() - before;
      await writing.stop();
      expect(during).toBeGreaterThan(0);

      const report = await restore(contract, [
        ...['--instance', 'main', ...ledger, '--latest', '--target-database', `${database}_copy`],
      ]);
      expect(report).toMatchObject({ compared: 'contents', exceptions: [] });
      const copy = await balance(server, `${database}_copy`);
      expect(copy).toMatchObject({ total, moved: copy.noted });
      const { inventory } = await manifestOf(path);
      const counted = inventory.tables.map(({ name, rows, exact }) => [name, exact ? rows : 'an estimate']);
      expect(Object.fromEntries(counted)).toEqual(copy.rows);
      // The source has moved on, so its rows are no longer those of the backup.
      expect((await balance(server, database)).rows['moves']).toBeGreaterThan(copy.rows['moves'] ?? NaN);
    });

    test('the whole sample is proven, to the last row of every table', async () => {
      const result = await contract.space.vya([
        'backup',
        '--instance',
        'main',
        '--rehearse',
        '--format',
        'json',
      ]);
      ended(result, 0);
      const [made] = result.json<ExactBackup>().instances[0]?.databases ?? [];
      expect(made).toMatchObject({ exact: true, proof: { passed: true, exact: true, compared: 'contents' } });
      expect(made?.proof.exceptions).toEqual([]);
    });

    test('one changed value in an archive fails the rehearsal and the restore, and both name the table', async () => {
      const { server, space } = contract;
      await makeSmall(contract);
      await space.configure({ storage: { compression: 'none' } });
      const exact = await backUp(contract, 'main', [...ledger, '--exact']);
      await space.configure({});
      const base = await copyOfTree(space, exact.path, 'tampered');
      await tamper(join(base, 'main', database), 'worth a lot', 'worth a cut');
      const env = { VYA_STORAGE__BASE_PATH: base };

      const whole = await verify([], env);
      expect(whole).toMatchObject({ code: 0, backups: [{ status: 'ok' }] });
      const rehearsed = await verify(['--rehearse'], env);
      expect(rehearsed).toMatchObject({
        code: 8,
        backups: [{ error: { kind: 'verification', message: expect.stringMatching(/table .*treasures/) } }],
      });
      const selection = ['--instance', 'main', ...ledger, '--latest', '--force'];
      const restored = await space.vya(['restore', '--format', 'json', ...selection], { env });
      expect(restored.code, restored.stdout + restored.stderr).toBe(8);
      expect(restored.stdout).toMatch(/table .*treasures holds other values/);
      expect((await space.vya(['list', ...ledger], { env })).stdout).toContain('failed its rehearsal');
      await run(server, 'SELECT 1 / count(*) FROM treasures', database);
    });

    test('without --exact counts stay estimates, and a proof is of objects only', async () => {
      const { space } = contract;
      await makeSmall(contract);
      const { path } = await backUp(contract, 'main', ledger);
      const { inventory } = await manifestOf(path);
      expect(inventory.tables.map(({ exact, digest }) => [exact, digest])).toEqual([[false, undefined]]);
      expect(await verify(['--rehearse'])).toMatchObject({
        code: 0,
        backups: [{ proof: { passed: true, exact: false, compared: 'objects' } }],
      });
      const listed = await text(['list', ...ledger, '--limit', '1']);
      expect(listed).toContain('proven (objects only)');
      const copy = ['--target-database', `${database}_copy`];
      expect(await text(['restore', '--instance', 'main', ...ledger, '--latest', ...copy])).toContain(
        '(objects only)',
      );
      const listedJson = await space.vya(['list', ...ledger, '--limit', '1', '--format', 'json']);
      expect(listedJson.json()).toMatchObject({
        backups: [{ proven: true, proof: { exact: false, compared: 'objects', exceptions: [] } }],
      });
    });

    test('what no dump carries faithfully is named in the proof, and fails nothing (F53)', async () => {
      const { server, kind } = contract;
      await run(server, `CREATE DATABASE ${database}`);
      const [sql, exceptions] = kind.startsWith('postgresql') ? staleColumn : roundedColumns;
      for (const statement of sql) await run(server, statement, database);
      const backup = ['backup', '--instance', 'main', ...ledger, '--rehearse'];
      expect(await text(backup)).toContain(`proven except ${exceptions.join('; ')}`);
      expect(await text(['list', ...ledger, '--limit', '1'])).toContain(
        `proven except ${exceptions.join('; ')}`,
      );
      expect(await verify(['--rehearse'])).toMatchObject({
        code: 0,
        backups: [{ status: 'ok', proof: { passed: true, exact: true, compared: 'contents', exceptions } }],
      });
    });

    test('an exact backup that is interrupted lets go of the moment that it holds, and leaves no session (F6)', async () => {
      const { server, space } = contract;
      await makeSmall(contract);
      const paused = await pausedDump(server, join(space.path, 'paused'));
      const args = ['backup', '--instance', 'main', ...ledger, '--exact'];
      const { child, result } = space.start(args, { env: { PATH: paused.path } });
      await paused.begun();
      child.kill('SIGINT');
      ended(await result, 130);
      await run(server, 'TRUNCATE TABLE treasures', database);
      await expect.poll(() => sessionsOf(contract), { timeout: 60_000 }).toEqual([]);
    });

    test('a rehearsal on another instance compares rows as well', async () => {
      await makeSmall(contract);
      await backUp(contract, 'main', [...ledger, '--exact']);
      expect(await verify(['--rehearse', '--target-instance', 'second'])).toMatchObject({
        code: 0,
        backups: [{ proof: { exact: true, compared: 'contents', exceptions: [], target: 'second' } }],
      });
      expect(await text(['list', ...ledger, '--limit', '1'])).toMatch(/proven(?! \(| except)/);
    });

    test('a rehearsal that is interrupted drops its scratch database', async () => {
      const { server, second, space } = contract;
      await run(server, `CREATE DATABASE ${database}`);
      await (await startLedger(server, database)).stop();
      await backUp(contract, 'main', [...ledger, '--exact']);
      const rehearsal = ['--latest', '--rehearse', '--target-instance', 'second'];
      const { child, result } = space.start(['verify', '--instance', 'main', ...ledger, ...rehearsal]);
      await expect.poll(() => scratchDatabases(second), { timeout: 60_000, interval: 10 }).toHaveLength(1);
      child.kill('SIGINT');
      ended(await result, 130);
      expect(await scratchDatabases(second)).toEqual([]);
    });
  });
}

async function makeSmall({ server }: Contract): Promise<void> {
  await run(server, `CREATE DATABASE ${database}`);
  const rows = Array.from({ length: 500 }, (_, id) => `(${id}, 'thing ${id}')`).join(',');
  await run(
    server,
    `CREATE TABLE treasures (id int PRIMARY KEY, note varchar(100));
     INSERT INTO treasures VALUES ${rows}, (1000, 'worth a lot')`,
    database,
  );
}

async function manifestOf(directory: string): Promise<{ inventory: Inventory }> {
  return JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')) as { inventory: Inventory };
}

/** What sessions do in the database, other than the one that asks. */
async function sessionsOf({ server }: Contract): Promise<unknown[]> {
  const connection = await connect(server, database);
  const sql =
    server.type === 'mysql'
      ? `SELECT info, state FROM information_schema.processlist WHERE db = '${database}' AND id <> connection_id()`
      : `SELECT query, state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
           AND backend_type = 'client backend'`;
  try {
    return await connection.query(sql);
  } finally {
    await connection.close();
  }
}

/** MySQL's dumps round FLOAT to six digits, and its servers refuse dates that do not exist or take them for zero. */
const roundedColumns: [sql: string[], exceptions: string[]] = [
  [
    'CREATE TABLE prices (id int PRIMARY KEY, amount FLOAT, exact DOUBLE); INSERT INTO prices VALUES (1, 16777217.5, 0.1)',
  ],
  ['prices.amount (float)'],
];

/** PostgreSQL computes stored generated columns anew, maybe by a function that was changed since. */
const staleColumn: [sql: string[], exceptions: string[]] = [
  [
    `CREATE FUNCTION public.rate(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
     CREATE TABLE prices (id int PRIMARY KEY, gross int GENERATED ALWAYS AS (public.rate(id)) STORED);
     INSERT INTO prices VALUES (1);
     CREATE OR REPLACE FUNCTION public.rate(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 3'`,
  ],
  ['public.prices.gross (generated)'],
];
