import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoredPart } from '../../src/db/adapter.ts';
import { loaderLock } from '../../src/db/mysql/replace/hold.ts';
import { scratchDatabases } from '../cli/test-database.ts';
import { type Bench, dump, flavours, inside, openBench, picture, quote } from '../db/mysql/support.ts';
import { openWire, type Wire } from '../faults/wire.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { deathIsNoticed, makeSmall, routineGrants } from './mysql-schema.ts';
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
    const recover = async (act = true) => {
      await deathIsNoticed(bench);
      return await bench.adapter.recover({ programs: bench.programs, act });
    };

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

    /** Cuts a replacement off for good at one statement after the other, and lets the next run settle it; `look` tells how. */
    async function everywhere(
      prepare: () => Promise<void>,
      keepOldAs: string | undefined,
      look: () => Promise<string>,
    ) {
      const outcomes: string[] = [];
      // Every fourth statement: the ways of the others are the same as over an existing database, where all are struck.
      for (let at = 1, over = false; !over; at += 4) {
        await prepare();
        over = true;
        await restoreThrough(wire, bench, { parts, source, name, ...(keepOldAs && { keepOldAs }) }, () =>
          wire.watch((number) => {
            if (number !== at) return 'pass';
            over = false;
            wire.open = false;
            return 'cut after';
          }),
        );
        wire.open = true;
        const done = await recover();
        expect(await scratchDatabases(bench.server), JSON.stringify(done)).toEqual([]);
        outcomes.push(await look());
      }
      return outcomes;
    }

    test('under a name that nobody had leaves no such database, or the whole new one', async () => {
      const whole = nameless(await picture(bench, source), source);
      const outcomes = await everywhere(
        () => bench.admin.query(`DROP DATABASE IF EXISTS ${name}`).then(() => undefined),
        undefined,
        async () => {
          if (!(await bench.adapter.databaseExists(name))) return 'none';
          expect(nameless(await picture(bench, name), name)).toBe(whole);
          return 'new';
        },
      );
      expect(outcomes.join(' ')).toMatch(/^(none )+(new ?)+$/);
    });

    test('and was to keep the former leaves it as it was, or the new one and the former beside it', async () => {
      const kept = `${name}_kept`;
      await makeSmall(bench, name, 'old');
      const before = await seen();
      const whole = nameless(await picture(bench, source), source);
      const outcomes = await everywhere(
        async () => {
          await bench.admin.query(`DROP DATABASE IF EXISTS ${kept}`);
          await makeSmall(bench, name, 'old');
        },
        kept,
        async () => {
          if (!(await bench.adapter.databaseExists(kept))) {
            expect(await seen()).toBe(before);
            return 'old';
          }
          expect(nameless(await picture(bench, name), name)).toBe(whole);
          const former = await bench.adapter.inventory(kept);
          const names = Object.values(former).flatMap((list) =>
            Array.isArray(list) ? list.map((each) => each.name) : [],
          );
          expect(names).toEqual(
            expect.arrayContaining(['only_old', 'parent', 'child', 'trg', 'fn', 'ev', 'seen']),
          );
          expect(await bench.admin.query(`SELECT v, version FROM ${kept}.seen`)).toEqual([
            { v: 'old', version: 'old' },
          ]);
          return 'new';
        },
      );
      expect(outcomes.join(' ')).toMatch(/^(old )+(new ?)+$/);
    });

    const nameless = (picture: unknown, database: string) =>
      JSON.stringify(picture).replaceAll(quote(database), '');

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
