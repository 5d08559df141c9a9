import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoredPart } from '../../src/db/adapter.ts';
import { scratchDatabases } from '../cli/test-database.ts';
import { type Bench, dump, flavours, openBench, picture } from '../db/mysql/support.ts';
import { openWire, type Wire } from '../faults/wire.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { makeSmall, routineGrants } from './mysql-schema.ts';
import { restoreThrough } from './through-wire.ts';

const name = 'cut';
const source = 'cut_source';

for (const kind of flavours) {
  describe.skipIf(await serverIsMissing(kind))(`a replacement on ${kind} whose connections are lost`, () => {
    let bench: Bench;
    let wire: Wire;
    let parts: StoredPart[];

    beforeAll(async () => {
      bench = await openBench(kind, {}, await startServer(kind));
      wire = await openWire(bench.server);
      await makeSmall(bench, source, 'new');
      parts = await dump(bench, source);
    });
    afterAll(async () => {
      await wire.close();
      await bench.close();
      await bench.server.stop();
    });

    const seen = async () => JSON.stringify([await picture(bench, name), await routineGrants(bench, name)]);

    test('at any statement, before the server does it or before its answer, is taken back at once, or stands', async () => {
      await makeSmall(bench, name, 'new');
      const fresh = await seen();
      await makeSmall(bench, name, 'old');
      const before = await seen();
      const outcomes: string[] = [];
      for (let at = 1, over = false; !over; at += 1) {
        await makeSmall(bench, name, 'old');
        let cutAt = '';
        // Either leaves the server where the other does one statement later or earlier.
        const verdict = at % 2 === 0 ? 'cut before' : 'cut after';
        const arm = () =>
          wire.watch((number, statement) => {
            if (number !== at) return 'pass';
            cutAt = statement.slice(0, 200);
            return verdict;
          });
        const error = await restoreThrough(wire, bench, { parts, source, name }, arm);
        over = cutAt === '';
        const after = await seen();
        const isNew = after === fresh;
        const what = `${at}: ${cutAt}\n${error?.message}`;
        if (!isNew) expect(after, what).toBe(before);
        // What is said is what is there.
        if (over) expect(error).toBeUndefined();
        if (error) expect(error.message).toContain(isNew ? 'has its new content' : 'is as it was before');
        expect(isNew || error !== undefined, what).toBe(true);
        expect(await scratchDatabases(bench.server), what).toEqual([]);
        outcomes.push(isNew ? 'new' : 'old');
      }
      expect(outcomes.join(' ')).toMatch(/^(old )+(new ?)+$/);
      expect(outcomes.length).toBeGreaterThan(20);
    }, 600_000);
  });
}
