import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoredPart } from '../../src/db/adapter.ts';
import { loaderLock } from '../../src/db/mysql/hold.ts';
import { scratchDatabases } from '../cli/test-database.ts';
import { type Bench, dump, flavours, inside, openBench, picture, quote } from '../db/mysql/support.ts';
import { openWire, type Wire } from '../faults/wire.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { makeSmall, routineGrants } from './mysql-schema.ts';
import { restoreThrough } from './through-wire.ts';

const name = 'settled';
const source = 'settled_source';
const helper = 'settled_helper';

for (const kind of flavours) {
  describe.skipIf(await serverIsMissing(kind))(`a replacement on ${kind} that stays cut off`, () => {
    let bench: Bench;
    let wire: Wire;
    let parts: StoredPart[];

    beforeAll(async () => {
      bench = await openBench(kind, {}, await startServer(kind));
      wire = await openWire(bench.server);
      await makeSmall(bench, source, 'new');
      await bench.admin.query(`CREATE DATABASE ${helper}`);
      await bench.admin.query(`CREATE TABLE ${helper}.lent (id int)`);
      await inside(bench, source, `CREATE VIEW zz_borrowed AS SELECT id FROM ${helper}.lent`);
      parts = await dump(bench, source);
    });
    afterAll(async () => {
      await wire.close();
      await bench.close();
      await bench.server.stop();
    });

    const seen = async () => JSON.stringify([await picture(bench, name), await routineGrants(bench, name)]);
    const recover = (act = true) => bench.adapter.recover({ programs: bench.programs, act });

    /** A restore whose server cannot be reached any more from the first statement that `at` matches. */
    async function cutOff(at: RegExp): Promise<string> {
      await makeSmall(bench, name, 'old');
      const error = await restoreThrough(wire, bench, { parts, source, name }, () =>
        wire.watch((_number, statement) => {
          if (!at.test(statement)) return 'pass';
          wire.open = false;
          return 'cut after';
        }),
      );
      wire.open = true;
      return `${error?.message}\n${error?.hint}`;
    }

    test.each([
      ['a trigger was dropped', /DROP TRIGGER `settled`/, 'as it was'],
      ['the tables have moved', /RENAME TABLE/, 'new content'],
      ['it stood', /'stands'/, 'new content'],
    ])('after %s is told, and settled by the next run', async (_when, at, outcome) => {
      await makeSmall(bench, name, 'old');
      const before = await seen();
      const said = await cutOff(at);
      expect(said).toContain('The next vya restore or backup on this server');
      const named = await recover(false);
      expect(named).toMatchObject([
        { unsettled: name, message: expect.stringContaining('was cut off') as string },
      ]);
      expect(await scratchDatabases(bench.server)).not.toEqual([]);
      const done = await recover();
      expect(done).toHaveLength(1);
      expect(done[0]?.message).toContain(outcome);
      expect(done[0]).not.toHaveProperty('unsettled');
      expect((await seen()) === before).toBe(outcome === 'as it was');
      expect(await scratchDatabases(bench.server)).toEqual([]);
      expect(await recover()).toEqual([]);
    });

    test('keeps rows that were written into the restored tables before the next run', async () => {
      await cutOff(/RENAME TABLE/);
      await bench.admin.query(`INSERT INTO ${name}.parent VALUES (77, 'since')`);
      expect((await recover())[0]?.message).toContain('It was finished');
      expect(await bench.admin.query(`SELECT id FROM ${name}.parent WHERE id = 77`)).toEqual([{ id: 77 }]);
    });

    test('is taken back where it cannot be finished, and what was restored and written since is kept', async () => {
      await makeSmall(bench, name, 'old');
      const before = await seen();
      await cutOff(/RENAME TABLE/);
      await bench.admin.query(`INSERT INTO ${name}.parent VALUES (78, 'since')`);
      await bench.admin.query(`RENAME TABLE ${helper}.lent TO ${helper}.away`);
      const [done] = await recover();
      await bench.admin.query(`RENAME TABLE ${helper}.away TO ${helper}.lent`);
      expect(done?.message).toContain(`${name} is as it was; the restored tables are in vya_tmp_restore_`);
      expect(await seen()).toBe(before);
      const [kept = ''] = await scratchDatabases(bench.server);
      expect(await bench.admin.query(`SELECT id FROM ${quote(kept)}.parent WHERE id = 78`)).toEqual([
        { id: 78 },
      ]);
      // From now on it is only named.
      expect(await recover()).toEqual([
        { message: expect.stringContaining(`${kept} holds tables`) as string },
      ]);
      expect(await scratchDatabases(bench.server)).toEqual([kept]);
      await bench.admin.query(`DROP DATABASE ${quote(kept)}`);
    });

    test('waits while a client program of the dead run is still at work', async () => {
      await cutOff(/RENAME TABLE/);
      const lock = loaderLock(name);
      await bench.admin.query('SELECT GET_LOCK(?, 0)', [lock]);
      expect(await recover()).toEqual([
        { message: expect.stringContaining('another session is at work') as string, unsettled: name },
      ]);
      await bench.admin.query('SELECT RELEASE_LOCK(?)', [lock]);
      expect((await recover())[0]?.message).toContain('It was finished');
    });
  });
}
