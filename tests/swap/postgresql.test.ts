import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DatabaseAdapter } from '../../src/db/adapter.ts';
import { postgresqlEngine } from '../../src/db/postgresql/engine.ts';
import { scratchName } from '../../src/model/scratch-names.ts';
import { createTestDatabase, scratchDatabases, type TestDatabase } from '../cli/test-database.ts';
import { workspace, type Workspace } from '../cli/vya.ts';
import { programsOf, propertiesOf, replace } from '../db/postgresql/harness.ts';
import { targetOf } from '../db/target.ts';
import { throughFault } from '../faults/through-fault.ts';
import { openWire, type Wire } from '../faults/wire.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';

const name = 'swapped';

for (const kind of ['postgresql-15', 'postgresql-18'] as const) {
  describe.skipIf(await serverIsMissing(kind))(`on ${kind}`, () => {
    let server: TestServer;
    let wire: Wire;
    let space: Workspace;
    let direct: DatabaseAdapter;
    let inside: TestDatabase;
    const restore = ['restore', '--instance', 'main', '--database', name, '--latest', '--force'];

    beforeAll(async () => {
      server = await startServer(kind);
      wire = await openWire(server);
      const settings = { databases: [name], ssl: { mode: 'disable' } };
      space = await workspace({
        instances: [{ id: 'main', server: { ...server, port: wire.port }, settings }],
      });
      direct = await postgresqlEngine.connect(targetOf(server), { signal: new AbortController().signal });
      await make('new');
      const backup = await space.vya(['backup']);
      expect(backup.code, backup.stdout + backup.stderr).toBe(0);
    });
    afterAll(async () => {
      await direct.close();
      await wire.close();
      await space.remove();
      await server.stop();
    });

    async function make(version: 'old' | 'new'): Promise<void> {
      inside = await createTestDatabase(
        server,
        name,
        `CREATE TABLE t AS SELECT '${version}' AS v; COMMENT ON DATABASE ${name} IS 'the ${version} one';
         ALTER DATABASE ${name} SET work_mem TO '${version === 'old' ? 5 : 6}MB'`,
      );
    }

    /** Its rows, which takes a connection, and its properties, with whether it is open. */
    const seen = async () =>
      JSON.stringify([await inside.query('SELECT v FROM t'), await propertiesOf(server, name)]);

    /** The numbers of the statements to be struck at: few of the loading, all of the replacing. */
    async function moments(): Promise<number[]> {
      wire.watch(() => 'pass');
      const { code, stdout, stderr } = await space.vya(restore);
      expect(code, stdout + stderr).toBe(0);
      const first = wire.passed.findIndex((statement) => statement.includes('ALTER DATABASE "vya_tmp_'));
      expect(first).toBeGreaterThan(0);
      const numbers = wire.passed.map((_statement, index) => index + 1);
      return numbers.filter((number) => number > first || number % 4 === 1);
    }

    test('a restore that is killed before any statement is settled by the next run: the target is as it was, or whole new, and open (F52)', async () => {
      const fresh = await seen();
      const places = await moments();
      await make('old');
      const before = await seen();
      const outcomes: string[] = [];
      for (const at of places) {
        await make('old');
        const { child, result } = space.start(restore);
        let killedAt = '';
        wire.watch((number, statement) => {
          if (number !== at) return 'pass';
          child.kill('SIGKILL');
          killedAt = statement;
          return 'cut before';
        });
        await throughFault(
          `kill -9 of vya before statement ${at} of a restore, ${kind}`,
          space.storagePath,
          () => result,
          async ({ code }) => {
            expect(code).toBe(137);
            const done = await direct.recover({ programs: await programsOf(server, direct), act: true });
            const what = `${killedAt}\n${JSON.stringify(done)}`;
            expect(await scratchDatabases(server), what).toEqual([]);
            const after = await seen();
            if (after !== fresh) expect(after, what).toBe(before);
            outcomes.push(after === fresh ? 'new' : 'old');
          },
        );
      }
      expect(outcomes.join(' ')).toMatch(/^(old )+(new ?)+$/);
      expect(outcomes.length).toBeGreaterThan(10);
    }, 600_000);

    test('a replacement whose connections are lost at any statement is taken back at once, or stands, and the target is open', async () => {
      await make('new');
      const fresh = await seen();
      const inventory = await direct.inventory(name);
      await make('old');
      const before = await seen();
      const outcomes: string[] = [];
      for (let at = 1, over = false; !over; at += 1) {
        await make('old');
        // Either leaves the server where the other does one statement later or earlier.
        const verdict = at % 2 === 0 ? 'cut before' : 'cut after';
        let cutAt = '';
        const error = await replaceThroughWire(inventory, () =>
          wire.watch((number, statement) => {
            if (number !== at) return 'pass';
            cutAt = statement;
            return verdict;
          }),
        );
        over = cutAt === '';
        const after = await seen();
        const what = `${at}: ${verdict} ${cutAt}\n${error?.message}`;
        if (after !== fresh) expect(after, what).toBe(before);
        expect(after === fresh || error !== undefined, what).toBe(true);
        expect(await scratchDatabases(server), what).toEqual([]);
        outcomes.push(after === fresh ? 'new' : 'old');
        if (over) expect(error).toBeUndefined();
      }
      expect(outcomes.join(' ')).toMatch(/^(old )+(new ?)+$/);
      expect(outcomes.length).toBeGreaterThan(8);
    }, 600_000);

    /** Gives a database like the new one the name, through the wire; answers how that failed. */
    async function replaceThroughWire(
      inventory: Awaited<ReturnType<DatabaseAdapter['inventory']>>,
      arm: () => void,
    ): Promise<Error | undefined> {
      wire.watch(() => 'pass');
      const target = targetOf({ ...server, port: wire.port }, { tls: { mode: 'disable' } });
      const adapter = await postgresqlEngine.connect(target, { signal: new AbortController().signal });
      const fresh = scratchName('restore', adapter.server.identity);
      try {
        await adapter.createDatabase(fresh, inventory);
        await fill(fresh);
        arm();
        try {
          await replace(server, adapter, { fresh, name }, inventory);
          return undefined;
        } catch (error) {
          return error as Error;
        } finally {
          wire.watch(() => 'pass');
          await adapter.dropDatabase(fresh);
        }
      } finally {
        await adapter.close();
        await direct.recover({ programs: await programsOf(server, direct), act: true });
      }
    }

    async function fill(database: string): Promise<void> {
      const { connect } = await import('../servers/connect.ts');
      const connection = await connect(server, database);
      await connection.script(`CREATE TABLE t AS SELECT 'new' AS v`);
      await connection.close();
    }
  });
}
