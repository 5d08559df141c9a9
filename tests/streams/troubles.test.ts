import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectMysql } from '../../src/db/mysql/adapter.ts';
import type { DatabaseAdapter } from '../../src/db/adapter.ts';
import { shimsOf, type Shims } from '../cli/shims.ts';
import { freshDatabase, load, openBench, runInto } from '../db/mysql/support.ts';
import { targetOf } from '../db/target.ts';
import { type Connection, connect } from '../servers/connect.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { everything, startFlow, sumOf } from './flow.ts';
import { made, partsOf, streaming, type Streaming } from './streamed.ts';

const patience = { timeout: 60_000, interval: 20 };
const several = ['1-definitions', '2-rows-01', '2-rows-02', '2-rows-03', '2-rows-04'];

for (const kind of ['mysql-9.7', 'mariadb-10.11'] as const) {
  describe.skipIf(await serverIsMissing(kind))(`streams of ${kind} in trouble`, () => {
    let server: TestServer;
    let admin: Connection;
    let vya: Streaming;
    let shims: Shims;

    beforeAll(async () => {
      server = await startServer(kind);
      admin = await connect(server);
      const accounts = { onlooker: 'REPLICATION CLIENT', locker: 'LOCK TABLES' };
      for (const [user, more] of Object.entries(accounts)) {
        await admin.script(`CREATE USER ${user}@'%' IDENTIFIED BY 'Stream.1';
          GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, ${more} ON *.* TO ${user}@'%'`);
      }
      // The large table is more than pipes hold, so that its streams wait while nothing is taken from them; the small one fits.
      await admin.script(`CREATE DATABASE troubled; USE troubled;
        CREATE TABLE large (id int PRIMARY KEY, v varchar(8000)); CREATE TABLE small (id int PRIMARY KEY, v int);
        INSERT INTO small VALUES (1, 1), (2, 2);
        INSERT INTO large VALUES ${Array.from({ length: 64 }, (_, n) => `(${n}, REPEAT('x', 8000))`).join(',')};
        ${[64, 128, 256, 512].map((n) => `INSERT INTO large SELECT id + ${n}, v FROM large;`).join('')}
        ANALYZE TABLE large, small`);
    });
    beforeEach(async () => {
      vya = await streaming(server, 'troubled');
      shims = shimsOf({ path: vya.folder }, server);
    });
    afterEach(() => vya.remove());
    afterAll(async () => {
      await admin.close();
      await server.stop();
    });

    const backupsMade = async (): Promise<string[]> => {
      const folder = path.join(vya.folder, 'storage', 'shop', 'troubled');
      return (await readdir(folder).catch((): string[] => [])).filter((name) => /^\d{8}T/.test(name));
    };
    /** What is left of unfinished backups, without the folders that hold them. */
    const staged = async (): Promise<string[]> => {
      const folder = path.join(vya.folder, 'storage', '.staging');
      const all = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
      return all.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
    };
    const sessions = async (): Promise<unknown[]> =>
      await admin.query(
        `SELECT ID, INFO FROM information_schema.PROCESSLIST WHERE DB = 'troubled' AND ID <> CONNECTION_ID()`,
      );

    it('are one where the account may hold nobody, with the grant that helps', async () => {
      const backup = made(await vya.backUp({}, { user: 'onlooker', password: 'Stream.1' }));
      expect(await partsOf(backup)).toEqual(['1-tables']);
      const grant = kind.startsWith('mariadb') ? 'RELOAD ON *.*' : 'LOCK TABLES ON `troubled`.*';
      expect(vya.lines).toContainEqual(
        expect.stringMatching(/dumped in one stream, not in several: .*may not hold writers/),
      );
      expect(vya.lines).toContainEqual(expect.stringContaining(`GRANT ${grant} TO 'onlooker'@'%';`));
    });

    it('are one where a transaction is in the way, which is not waited for long', async () => {
      const other = await connect(server, 'troubled');
      await other.script('START TRANSACTION; UPDATE small SET v = v + 1');
      try {
        const login = { user: 'locker', password: 'Stream.1', lockWaitSeconds: 1 };
        const backup = made(await vya.backUp({}, login));
        expect(await partsOf(backup)).toEqual(['1-tables']);
        expect(vya.lines).toContainEqual(expect.stringContaining('writers could not be held'));
        // Whoever asked for exact counts is told instead.
        expect((await vya.backUp({ exact: true }, login)).error).toMatchObject({ kind: 'failed' });
      } finally {
        await other.script('ROLLBACK');
        await other.close();
      }
    });

    it('are read at one moment with exact counts, too', async () => {
      const backup = made(await vya.backUp({ exact: true }));
      expect(await partsOf(backup)).toEqual(several);
      await vya.restore(backup, 'troubled_copy');
      const { inventory, positions } = JSON.parse(
        await readFile(path.join(backup, 'manifest.json'), 'utf8'),
      ) as { inventory: { tables: { name: string; rows: number }[] }; positions: { exact: boolean }[] };
      expect(inventory.tables.map(({ name, rows }) => [name, rows])).toEqual([
        ['large', 1024],
        ['small', 2],
      ]);
      expect(positions.map(({ exact }) => exact)).toEqual([true, true]);
    });

    it('end with the first that is killed: no backup, no process and no session is left (F1, F6)', async () => {
      // What compresses takes nothing, so that all streams of the large table are at work until then.
      await shims.gate('zstd', '*');
      vya.context.env['PATH'] = (await shims.env()).PATH;
      const working = vya.backUp();
      await expect.poll(dumps, patience).toHaveLength(3);
      process.kill((await dumps())[1] ?? NaN, 'SIGKILL');
      expect(await working).toMatchObject({
        status: 'failed',
        error: { kind: 'failed', message: expect.stringMatching(/KILL/) },
      });
      expect(await dumps()).toEqual([]);
      await expect.poll(sessions, patience).toEqual([]);
      expect([...(await backupsMade()), ...(await staged())]).toEqual([]);
      await admin.script('TRUNCATE TABLE troubled.small; INSERT INTO troubled.small VALUES (1, 1), (2, 2)');
    });

    it('are dumped once more where a table was altered after its rows were read (F5)', async () => {
      const gate = await shims.gate('zstd', '*');
      vya.context.env['PATH'] = (await shims.env()).PATH;
      const working = vya.backUp();
      await expect.poll(dumps, patience).toHaveLength(3);
      await admin.script('ALTER TABLE troubled.small ADD COLUMN more int');
      await gate.open();
      const backup = made(await working);
      expect(vya.lines).toContainEqual(expect.stringContaining('was changed or dropped while it was dumped'));
      expect(vya.lines.filter((line) => line.includes('one stream'))).toEqual([]);
      expect(await partsOf(backup)).toEqual(several);
      await vya.restore(backup, 'troubled_copy');
      const copy = await connect(server, 'troubled_copy');
      expect(await copy.query('SELECT more FROM small')).toEqual([{ more: null }, { more: null }]);
      await copy.close();
    });

    /** Processes of dumps of rows from this server's database that have begun. */
    async function dumps(): Promise<number[]> {
      const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
      const found: number[] = [];
      for (const id of ids) {
        const line = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
        const [program = '', ...args] = line.split('\0');
        if (!/(mysql|mariadb-)dump$/.test(program) || !args.includes('troubled')) continue;
        const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '');
        if (/\) Z /.test(stat) || !args.some((arg) => arg.startsWith('--where='))) continue;
        found.push(Number(id));
      }
      return found;
    }
  });
}

describe.skipIf(await serverIsMissing('mariadb-10.11'))(
  'a lock that is released before the streams are seen',
  () => {
    it('gives a copy in which money is missing: what the others prove can fail (F47)', async () => {
      const server = await startServer('mariadb-10.11');
      const bench = await openBench('mariadb-10.11', {}, server);
      const adapter: DatabaseAdapter = await connectMysql(targetOf(server), {
        signal: new AbortController().signal,
      });
      try {
        await freshDatabase(bench, 'river');
        const flow = await startFlow(server, 'river');
        const inventory = await adapter.inventory('river');
        const streams = await adapter.planStreams('river', inventory, 3);
        const snapshot = await adapter.openSnapshot('river', inventory, { measured: false });
        // Nobody is waited for.
        await snapshot.joined([]);
        const { parts } = adapter.dumpPlan({
          ...{ database: 'river', inventory, programs: bench.programs, jobs: 3, streams, snapshot },
          compression: { codec: 'none', level: 1 },
          directoryFor: () => '',
        });
        const stored = [];
        for (const part of parts) {
          const before = flow.commits();
          await expect.poll(flow.commits, patience).toBeGreaterThan(before + 3);
          const file = path.join(bench.folder, `river${part.suffix}`);
          for (const command of part.commands) await runInto(command, file);
          stored.push({ ...part, path: file });
        }
        await snapshot.close();
        await flow.stop();
        await freshDatabase(bench, 'copy');
        await load(bench, stored, 'copy', { sourceDatabase: 'river' });
        expect(await sumOf(server, 'copy')).not.toBe(everything);
      } finally {
        await adapter.close();
        await bench.close();
        await server.stop();
      }
    });
  },
);
