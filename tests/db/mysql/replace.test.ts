import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredPart } from '../../../src/db/adapter.ts';
import { serverIsMissing, startServer } from '../../servers/servers.ts';
import { makeHostile } from './hostile.ts';
import {
  type Bench,
  dump,
  flavours,
  freshDatabase,
  inside,
  load,
  openBench,
  picture,
  quote,
  replaceRequest,
} from './support.ts';

for (const kind of flavours) {
  describe.skipIf(await serverIsMissing(kind))(`replace on ${kind}`, () => {
    let bench: Bench;
    let parts: StoredPart[];
    const source = 'swap source?';
    const target = 'swap target?';
    const fresh = 'vya_tmp_restore_0a1b2c3d_0123456789ab';
    const aside = fresh.replace('restore', 'old');
    const broken = { holds: ['views'], content: Buffer.from('CREATE nothing;') };
    const kept = 'swap kept';

    beforeAll(async () => {
      // Its scratch databases are not to be met by those who expect none.
      bench = await openBench(kind, {}, await startServer(kind));
      await makeHostile(bench, source);
      parts = await dump(bench, source);
    });
    afterAll(async () => {
      await bench.close();
      await bench.server.stop();
    });

    /** A target with content of its own: other rows, other objects, a broken view, and another collation. */
    async function makeTarget(): Promise<void> {
      await makeHostile(bench, target);
      await inside(
        bench,
        target,
        `INSERT INTO notes VALUES (99, 'only here')`,
        `CREATE TABLE extra (id int PRIMARY KEY, f int, CONSTRAINT named FOREIGN KEY (f) REFERENCES foo (id))`,
        `CREATE TABLE doomed (id int)`,
        `CREATE VIEW broken AS SELECT id FROM doomed`,
        `DROP TABLE doomed`,
        `CREATE PROCEDURE only_here () SELECT 1`,
        `ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_swedish_ci`,
      );
      await bench.admin.query(`CREATE USER IF NOT EXISTS swapper@localhost`);
      await bench.admin.query(`GRANT EXECUTE ON FUNCTION ${quote(target)}.fn TO swapper@localhost`);
    }

    async function makeFresh(): Promise<void> {
      await freshDatabase(bench, fresh);
      await load(bench, parts, fresh, { sourceDatabase: source, disableEvents: true });
    }

    async function scratchDatabases(): Promise<string[]> {
      const all = await bench.adapter.databases();
      return all.map(({ name }) => name).filter((name) => name.startsWith('vya_tmp_old_') || name === fresh);
    }

    async function routineGrants(): Promise<unknown[]> {
      return await bench.admin.query(
        'SELECT Db, User, Routine_name, Proc_priv FROM mysql.procs_priv WHERE User = ?',
        ['swapper'],
      );
    }

    /** MariaDB keeps a trigger's statement as it was typed, with the name of the database. */
    const nameless = (seen: Record<string, unknown>, name: string) =>
      JSON.stringify(seen, null, 1)
        .replaceAll(`${quote(name)}.trg`, 'trg')
        .replaceAll(`ON ${quote(name)}.foo`, 'ON foo')
        .replaceAll(quote(name), quote(source));

    it('gives a fresh database a name that nobody has', async () => {
      await bench.admin.query(`DROP DATABASE IF EXISTS ${quote(target)}`);
      await makeFresh();
      await bench.adapter.replace(
        await replaceRequest(bench, parts, { fresh, name: target, sourceDatabase: source }),
      );
      expect(nameless(await picture(bench, target), target)).toBe(
        nameless(await picture(bench, source), source),
      );
      expect(await scratchDatabases()).toEqual([]);
    });

    it('replaces a database that is there, and leaves nothing of it behind', async () => {
      await makeTarget();
      await makeFresh();
      const before = await routineGrants();
      expect(before).toHaveLength(1);
      await bench.adapter.replace(
        await replaceRequest(bench, parts, { fresh, name: target, sourceDatabase: source }),
      );
      expect(nameless(await picture(bench, target), target)).toBe(
        nameless(await picture(bench, source), source),
      );
      expect(await scratchDatabases()).toEqual([]);
      expect(await routineGrants()).toEqual(before);
    });

    it('keeps the former database on request, with its objects, and with its events switched off (F50)', async () => {
      await makeTarget();
      await bench.admin.query(`DROP DATABASE IF EXISTS ${quote(kept)}`);
      await makeFresh();
      const before = await bench.adapter.inventory(target);
      await bench.adapter.replace(
        await replaceRequest(bench, parts, { fresh, name: target, sourceDatabase: source, keepOldAs: kept }),
      );
      const after = await bench.adapter.inventory(kept);
      const names = (list: readonly { name: string }[]) => list.map(({ name }) => name).toSorted();
      expect(names(after.tables)).toEqual(names(before.tables));
      expect(names(after.routines)).toEqual(names(before.routines));
      expect(names(after.triggers)).toEqual(names(before.triggers));
      // A broken view cannot be made anywhere else.
      expect(names(after.views)).toEqual(names(before.views).filter((name) => name !== 'broken'));
      expect(after.events.map(({ name, enabled }) => ({ name, enabled }))).toEqual(
        before.events.map(({ name }) => ({ name, enabled: false })),
      );
      expect(await bench.admin.query(`SELECT t FROM ${quote(kept)}.notes WHERE id = 99`)).toEqual([
        { t: 'only here' },
      ]);
      expect(nameless(await picture(bench, target), target)).toBe(
        nameless(await picture(bench, source), source),
      );
    });

    it.each([
      ['nothing of the new objects was made', 0],
      ['some of the new objects were made', 1],
      ['all of the new objects were made', 2],
    ])('leaves the target as it was when the last step fails after %s', async (_when, loaded) => {
      await makeTarget();
      await makeFresh();
      const [before, grants] = [await picture(bench, target), await routineGrants()];
      const request = await replaceRequest(bench, parts, { fresh, name: target, sourceDatabase: source });
      const objects = [...request.objects.slice(0, loaded), broken];
      const failing = bench.adapter.replace({ ...request, objects });
      await expect(failing).rejects.toThrow(/ERROR 1064[^]*\. swap target\? is as it was before/);
      expect(await picture(bench, target)).toEqual(before);
      expect(await routineGrants()).toEqual(grants);
      expect((await scratchDatabases()).filter((name) => name !== fresh)).toEqual([]);
    });

    it('leaves the target as it was when the tables cannot be moved', async () => {
      await makeTarget();
      await makeFresh();
      const before = await picture(bench, target);
      const request = await replaceRequest(bench, parts, {
        fresh,
        name: target,
        sourceDatabase: source,
        keepOldAs: kept,
      });
      await freshDatabase(bench, kept);
      await expect(bench.adapter.replace(request)).rejects.toThrow(/exists/);
      expect(await picture(bench, target)).toEqual(before);
    });

    it('removes a name that it has made when the objects do not load', async () => {
      await bench.admin.query(`DROP DATABASE IF EXISTS ${quote(target)}`);
      await makeFresh();
      const request = await replaceRequest(bench, parts, { fresh, name: target, sourceDatabase: source });
      const failing = bench.adapter.replace({ ...request, objects: [broken] });
      await expect(failing).rejects.toThrow(/ERROR 1064[^]*\. swap target\? is as it was before/);
      expect(await bench.adapter.databaseExists(target)).toBe(false);
    });

    it('lets views of other databases see the new content, and searches and partitions work', async () => {
      await makeTarget();
      await makeFresh();
      await freshDatabase(bench, 'swap viewer');
      await inside(bench, 'swap viewer', `CREATE VIEW looks AS SELECT id, t FROM ${quote(target)}.notes`);
      const ask = (sql: string) => bench.admin.query<{ id: number }>(sql);
      const looks = 'SELECT id FROM `swap viewer`.looks ORDER BY id';
      expect(await ask(looks)).toEqual([{ id: 1 }, { id: 99 }]);
      await bench.adapter.replace(
        await replaceRequest(bench, parts, { fresh, name: target, sourceDatabase: source }),
      );
      expect(await ask(looks)).toEqual([{ id: 1 }]);
      const own = quote(target);
      expect(await ask(`SELECT id FROM ${own}.prose WHERE MATCH (body) AGAINST ('restore')`)).toEqual([
        { id: 1 },
      ]);
      expect(await ask(`SELECT id FROM ${own}.parts WHERE id = 2`)).toEqual([{ id: 2 }]);
      await expect(ask(`INSERT INTO ${own}.\`-rf\` (parent) VALUES (12345)`)).rejects.toThrow(/foreign key/);
      await bench.admin.query('DROP DATABASE `swap viewer`');
    });

    it('does not replace a database that was not there when that was confirmed', async () => {
      await makeTarget();
      await makeFresh();
      const before = await picture(bench, target);
      const request = await replaceRequest(bench, parts, { fresh, name: target, sourceDatabase: source });
      const refused = bench.adapter.replace({ ...request, mayReplace: false });
      await expect(refused).rejects.toMatchObject({ kind: 'refused' });
      expect(await picture(bench, target)).toEqual(before);
    });

    it('names the foreign keys of other databases that would follow the former tables (F51)', async () => {
      await makeTarget();
      expect(await bench.adapter.replaceFindings(target, { inPlace: false })).toEqual([]);
      await freshDatabase(bench, 'swap other');
      await inside(
        bench,
        'swap other',
        `CREATE TABLE child (id int PRIMARY KEY, CONSTRAINT inbound FOREIGN KEY (id) REFERENCES ${quote(target)}.foo (id))`,
      );
      const findings = await bench.adapter.replaceFindings(target, { inPlace: false });
      expect(findings).toHaveLength(1);
      expect(findings[0]).toMatchObject({ severity: 'error', kind: 'failed' });
      expect(findings[0]?.message).toContain('inbound of swap other.child');
      await bench.admin.query('DROP DATABASE `swap other`');
    });

    it('keeps everything, and says so, where the way back fails', async () => {
      await makeTarget();
      await makeFresh();
      const request = await replaceRequest(bench, parts, { fresh, name: target, sourceDatabase: source });
      // Someone takes a table away that would have to move back.
      const content = Buffer.from(`DROP TABLE ${quote(aside)}.extra;\nCREATE nothing;`);
      const failing = bench.adapter.replace({ ...request, objects: [{ holds: ['views'], content }] });
      await expect(failing).rejects.toMatchObject({
        message: expect.stringContaining(
          'swap target? could not be put back as it was: swap target? lacks what it had: extra',
        ) as string,
        hint: expect.stringContaining(aside) as string,
      });
      await expect(bench.adapter.dropDatabase(fresh)).rejects.toThrow(/is needed/);
      await bench.admin.query(`DROP DATABASE ${fresh}`);
      await bench.admin.query(`DROP DATABASE ${aside}`);
    });
  });
}
