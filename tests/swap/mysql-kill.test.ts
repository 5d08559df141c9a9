import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scratchDatabases } from '../cli/test-database.ts';
import { workspace, type Workspace } from '../cli/vya.ts';
import { type Bench, flavours, openBench, picture } from '../db/mysql/support.ts';
import { throughFault } from '../faults/through-fault.ts';
import { openWire, type Wire } from '../faults/wire.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { deathIsNoticed, makeSmall, routineGrants } from './mysql-schema.ts';

const name = 'killed';

for (const kind of flavours) {
  describe.skipIf(await serverIsMissing(kind))(`a restore on ${kind} that is killed`, () => {
    let bench: Bench;
    let wire: Wire;
    let space: Workspace;
    const restore = ['restore', '--instance', 'main', '--database', name, '--latest', '--force'];

    beforeAll(async () => {
      const server = await startServer(kind);
      bench = await openBench(kind, {}, server);
      wire = await openWire(server);
      const through = { ...server, port: wire.port };
      const settings = { databases: [name], ssl: { mode: 'disable' } };
      space = await workspace({ instances: [{ id: 'main', server: through, settings }] });
      await makeSmall(bench, name, 'new');
      const backup = await space.vya(['backup']);
      expect(backup.code, backup.stdout + backup.stderr).toBe(0);
    });
    afterAll(async () => {
      await wire.close();
      await space.remove();
      await bench.close();
      await bench.server.stop();
    });

    const seen = async () => [await picture(bench, name), await routineGrants(bench, name)];

    /** The numbers of the statements to be killed at: few of the loading into the scratch database, all of the replacing. */
    async function moments(): Promise<number[]> {
      wire.watch(() => 'pass');
      const { code, stdout, stderr } = await space.vya(restore);
      expect(code, stdout + stderr).toBe(0);
      const journal = wire.passed.findIndex((statement) => statement.includes('`vya_tmp_journal`'));
      expect(journal).toBeGreaterThan(0);
      const numbers = wire.passed.map((_statement, index) => index + 1);
      return numbers.filter((number) => number > journal || number % 6 === 1);
    }

    test('before any statement that changes something is settled by the next run: the target is as it was, or whole new', async () => {
      const fresh = await seen();
      await makeSmall(bench, name, 'old');
      const before = await seen();
      const outcomes: string[] = [];
      for (const at of await moments()) {
        await makeSmall(bench, name, 'old');
        const { child, result } = space.start(restore);
        let killedAt = '';
        wire.watch((number, statement) => {
          if (number !== at) return 'pass';
          child.kill('SIGKILL');
          killedAt = statement.slice(0, 200);
          return 'cut before';
        });
        await throughFault(
          `kill -9 of vya before statement ${at} of a restore, ${kind}`,
          space.storagePath,
          () => result,
          async ({ code }) => {
            expect(code).toBe(137);
            await deathIsNoticed(bench);
            const done = JSON.stringify(await bench.adapter.recover({ programs: bench.programs, act: true }));
            expect(await scratchDatabases(bench.server), done).toEqual([]);
            const after = await seen();
            const isNew = JSON.stringify(after) === JSON.stringify(fresh);
            if (!isNew) expect(after, `${killedAt}\n${done}`).toEqual(before);
            outcomes.push(isNew ? 'new' : 'old');
          },
        );
      }
      // Once it is new it stays so: there is one moment from which it goes forward.
      expect(outcomes.join(' ')).toMatch(/^(old )+(new ?)+$/);
      expect(outcomes.length).toBeGreaterThan(20);
    }, 600_000);
  });
}
