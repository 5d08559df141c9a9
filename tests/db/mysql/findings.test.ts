import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatabaseAdapter } from '../../../src/db/adapter.ts';
import type { Finding } from '../../../src/db/finding.ts';
import { mysqlEngine } from '../../../src/db/mysql/engine.ts';
import { parseGrants } from '../../../src/db/mysql/grants.ts';
import { serverIsMissing } from '../../servers/servers.ts';
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
  replaceRequest,
} from './support.ts';
import { targetOf } from '../target.ts';

const messages = (findings: readonly Finding[]) => findings.map(({ message }) => message).join('\n');
const hints = (findings: readonly Finding[]) => findings.map(({ hint }) => hint).join('\n');

for (const kind of flavours) {
  describe.skipIf(await serverIsMissing(kind))(`findings on ${kind}`, () => {
    let bench: Bench;
    let mariadb: boolean;
    const name = 'find_it%';

    beforeAll(async () => {
      bench = await openBench(kind);
      mariadb = bench.adapter.server.flavour === 'mariadb';
      await makeHostile(bench, name);
    });
    afterAll(async () => {
      for (const user of ['finder', 'through_role']) await bench.admin.query(`DROP USER IF EXISTS ${user}`);
      await bench.admin.query('DROP ROLE IF EXISTS find_role');
      await bench.close();
    });

    async function as<T>(user: string, work: (adapter: DatabaseAdapter) => Promise<T>): Promise<T> {
      const target = targetOf(bench.server, { user, password: 'secret-1' });
      const adapter = await mysqlEngine.connect(target, { signal: new AbortController().signal });
      try {
        return await work(adapter);
      } finally {
        await adapter.close();
      }
    }

    async function account(user: string, ...grants: string[]): Promise<void> {
      await bench.admin.query(`DROP USER IF EXISTS ${user}`);
      await bench.admin.query(`CREATE USER ${user} IDENTIFIED BY 'secret-1'`);
      for (const grant of grants) await bench.admin.query(`GRANT ${grant} TO ${user}`);
    }

    /** What the dump asks for beside the privileges on the database itself. */
    const forRoutines = () => (mariadb ? 'SELECT ON mysql.proc' : 'SHOW_ROUTINE ON *.*');
    const findingsOf = (user: string) =>
      as(user, async (adapter) => await adapter.dumpFindings(name, await adapter.inventory(name)));

    it('finds nothing for the server’s own root', async () => {
      expect(await bench.adapter.dumpFindings(name, await bench.adapter.inventory(name))).toEqual([]);
    });

    it('names an event with which the dump program would never end', async () => {
      const script = `CREATE EVENT \`end;less\` ON SCHEDULE EVERY 1 YEAR DO SELECT ';;'`;
      await inside(bench, name, script);
      const findings = await bench.adapter.dumpFindings(name, await bench.adapter.inventory(name));
      await inside(bench, name, 'DROP EVENT `end;less`');
      expect(findings).toMatchObject([{ severity: 'error', message: expect.stringContaining('end;less') }]);
    });

    it('names every privilege without which objects would be left out silently (F2)', async () => {
      await account('finder', 'SELECT ON `find\\_it\\%`.*');
      const findings = await findingsOf('finder');
      expect(
        findings.every(({ severity, kind: what }) => severity === 'error' && what === 'privileges'),
      ).toBe(true);
      expect(messages(findings)).toContain('TRIGGER, EVENT, SHOW VIEW');
      expect(hints(findings)).toContain(
        "GRANT TRIGGER, EVENT, SHOW VIEW ON `find\\_it\\%`.* TO 'finder'@'%';",
      );
      expect(hints(findings)).toContain(`GRANT ${forRoutines()} TO 'finder'@'%';`);
    });

    it('gives statements that are enough, for a dump that holds everything (F2)', async () => {
      await account('finder', 'SELECT ON `find\\_it\\%`.*');
      for (const { hint } of await findingsOf('finder'))
        await bench.admin.query(hint.replace(/^.*?(?=GRANT)/, ''));
      expect(await findingsOf('finder')).toEqual([]);
      const all = await dump(bench, name);
      await as('finder', async (adapter) => {
        const mine = await dump({ ...bench, adapter }, name);
        expect(mine.map(({ holds }) => holds)).toEqual(all.map(({ holds }) => holds));
        for (const [index, part] of mine.entries()) {
          expect(await readFile(part.path, 'utf8')).toBe(await readFile(all[index]?.path ?? '', 'utf8'));
        }
      });
    });

    it('counts what an active role holds, and not what another database has been granted', async () => {
      await bench.admin.query('DROP ROLE IF EXISTS find_role');
      await bench.admin.query('CREATE ROLE find_role');
      await bench.admin.query('GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `find\\_it\\%`.* TO find_role');
      await bench.admin.query('GRANT EXECUTE ON `find\\_it\\%`.* TO find_role');
      await bench.admin.query(`GRANT ${forRoutines()} TO find_role`);
      await account('through_role');
      await bench.admin.query('GRANT find_role TO through_role');
      await bench.admin.query(
        mariadb
          ? 'SET DEFAULT ROLE find_role FOR through_role'
          : 'SET DEFAULT ROLE find_role TO through_role',
      );
      expect(await findingsOf('through_role')).toEqual([]);
      await account(
        'finder',
        'SELECT, SHOW VIEW, TRIGGER, EVENT ON `other`.*',
        'SELECT ON `find_it%`.foo',
        forRoutines(),
      );
      expect(messages(await findingsOf('finder'))).toContain('SELECT, TRIGGER, EVENT, SHOW VIEW');
    });

    it('names a broken view, and one whose definer is gone (F9)', async () => {
      await freshDatabase(bench, 'broken_views');
      await inside(
        bench,
        'broken_views',
        'CREATE TABLE t (id int)',
        'CREATE VIEW fine AS SELECT 1 AS one',
        'CREATE VIEW torn AS SELECT * FROM t',
        'DROP TABLE t',
      );
      const findings = await bench.adapter.dumpFindings(
        'broken_views',
        await bench.adapter.inventory('broken_views'),
      );
      expect(findings).toHaveLength(1);
      expect(findings[0]).toMatchObject({ severity: 'error', kind: 'failed' });
      expect(findings[0]?.message).toMatch(/the view torn is broken/);
    });

    it('warns of tables outside transactions (F5)', async () => {
      await freshDatabase(bench, 'engines');
      await inside(
        bench,
        'engines',
        'CREATE TABLE m (id int) ENGINE=MyISAM',
        'CREATE TABLE i (id int) ENGINE=InnoDB',
      );
      const findings = await bench.adapter.dumpFindings('engines', await bench.adapter.inventory('engines'));
      expect(findings).toHaveLength(1);
      expect(findings[0]).toMatchObject({ severity: 'warning' });
      expect(findings[0]?.message).toContain('m (MyISAM)');
    });

    const source = () => ({ noOwner: false, noAcl: false, source: bench.adapter.server });

    it('finds that the server can take its own backup back', async () => {
      expect(
        await bench.adapter.restoreFindings(await bench.adapter.inventory(name), {
          ...source(),
          database: name,
        }),
      ).toEqual([]);
    });

    it('names collations, engines and definers that the server lacks (F25, F27)', async () => {
      const inventory = await bench.adapter.inventory(name);
      const foreign = mariadb ? 'utf8mb4_0900_ai_ci' : 'utf8mb4_uca1400_ai_ci';
      const lacking = {
        ...inventory,
        needs: {
          ...inventory.needs,
          collations: [foreign, 'utf8_general_ci'],
          engines: ['Imaginary'],
          definers: ["'ghost'@'nowhere'"],
        },
      };
      const findings = await bench.adapter.restoreFindings(lacking, source());
      expect(findings.map(({ severity }) => severity)).toEqual(['error', 'error', 'warning']);
      expect(messages(findings)).toContain(`has no collation ${foreign}`);
      expect(messages(findings)).not.toContain('utf8_general_ci');
      expect(messages(findings)).toContain('no storage engine Imaginary');
      expect(messages(findings)).toContain("'ghost'@'nowhere'");
    });

    it('refuses the other flavour, and a newer source', async () => {
      const inventory = await bench.adapter.inventory(name);
      const { version } = bench.adapter.server;
      const other = {
        ...source(),
        source: { flavour: mariadb ? ('mysql' as const) : ('mariadb' as const), version },
      };
      expect(messages(await bench.adapter.restoreFindings(inventory, other))).toContain(
        'does not understand all that is in it',
      );
      const newer = {
        ...source(),
        source: { flavour: bench.adapter.server.flavour, version: { ...version, minor: version.minor + 1 } },
      };
      expect(messages(await bench.adapter.restoreFindings(inventory, newer))).toContain('is older');
    });

    it('names the privileges that a restore would need', async () => {
      await account('finder', 'SELECT ON *.*');
      const findings = await as('finder', async (adapter) => {
        const inventory = await adapter.inventory(name);
        const needs = {
          ...inventory,
          views: [{ name: 'v', materialized: false }],
          triggers: [{ name: 't', table: 'x' }],
        };
        return await adapter.restoreFindings(
          { ...needs, needs: { ...inventory.needs, definers: ["'root'@'%'"] } },
          { ...source(), database: name },
        );
      });
      expect(
        findings.every(({ severity, kind: what }) => severity === 'error' && what === 'privileges'),
      ).toBe(true);
      expect(messages(findings)).toMatch(
        /may not create views, routines, triggers and events that belong to 'root'@'%'/,
      );
      expect(hints(findings)).toContain('ON `vya\\_tmp\\_%`.* TO');
      expect(hints(findings)).toContain('ON `find\\_it\\%`.* TO');
      expect(messages(findings)).toContain('binary log');
    });

    it('gives statements that are enough to restore over a database that is there', async () => {
      const [target, fresh] = ['find_target', 'vya_tmp_restore_find'];
      await makeHostile(bench, target);
      const parts = await dump(bench, name);
      await account('finder', 'SELECT ON mysql.*');
      const inventory = await bench.adapter.inventory(name);
      const ask = () =>
        as('finder', async (adapter) => {
          const missing = await adapter.restoreFindings(inventory, { ...source(), database: target });
          const seen = await adapter.databaseExists(target);
          return seen
            ? [...missing, ...(await adapter.replaceFindings(target, { inPlace: false }))]
            : missing;
        });
      for (let round = 0; round < 3; round += 1) {
        for (const { severity, hint } of await ask()) {
          const statement = /(?:GRANT|SET GLOBAL) .*?;/.exec(hint)?.[0];
          if (severity === 'error' && statement) await bench.admin.query(statement);
        }
      }
      expect((await ask()).filter(({ severity }) => severity === 'error')).toEqual([]);
      await as('finder', async (adapter) => {
        const mine = { ...bench, adapter };
        await bench.admin.query(`DROP DATABASE IF EXISTS ${fresh}`);
        await adapter.createDatabase(fresh, inventory);
        await load(mine, parts, fresh, { sourceDatabase: name, disableEvents: true });
        await adapter.replace(
          await replaceRequest(mine, parts, { fresh, name: target, sourceDatabase: name }),
        );
        expect(Object.keys(await picture(mine, target))).toEqual(Object.keys(await picture(bench, name)));
      });
      await bench.admin.query('SET GLOBAL log_bin_trust_function_creators = 0');
    });

    it('sees where the source stands in the binary log', async () => {
      const positions = await bench.adapter.position();
      expect(positions[0]).toMatchObject({ kind: 'binlog', exact: false });
      expect(positions[0]?.value).toMatch(/^[^:]+\.\d+:\d+$/);
      await account('finder');
      expect(
        (await as('finder', (adapter) => adapter.position())).filter(({ kind: what }) => what === 'binlog'),
      ).toEqual([]);
    });

    it('counts system databases as such, and knows names letter for letter', async () => {
      await freshDatabase(bench, 'CaseD');
      await inside(bench, 'CaseD', 'CREATE TABLE t (id int PRIMARY KEY)', 'INSERT INTO t VALUES (1), (2)');
      const all = await bench.adapter.databases();
      expect(all.filter(({ system }) => system).map((one) => one.name)).toEqual(
        expect.arrayContaining(['mysql', 'information_schema']),
      );
      expect(all.find((one) => one.name === 'CaseD')).toMatchObject({ system: false, connectable: true });
      expect(all.find((one) => one.name === 'CaseD')?.sizeBytes).toBeGreaterThan(0);
      expect(await bench.adapter.databaseExists('CaseD')).toBe(true);
      expect(await bench.adapter.databaseExists('cased')).toBe(false);
      await expect(bench.adapter.inventory('cased')).rejects.toMatchObject({ kind: 'not-found' });
      await freshDatabase(bench, 'cased');
      expect((await bench.adapter.inventory('cased')).tables).toEqual([]);
      expect((await bench.adapter.inventory('CaseD')).tables).toHaveLength(1);
    });

    it('gives a created database the encoding of the source', async () => {
      await bench.admin.query('DROP DATABASE IF EXISTS `encoded?`');
      await bench.admin.query('CREATE DATABASE `encoded?` CHARACTER SET latin1 COLLATE latin1_german2_ci');
      const inventory = await bench.adapter.inventory('encoded?');
      await bench.adapter.dropDatabase('encoded?');
      expect(await bench.adapter.databaseExists('encoded?')).toBe(false);
      await bench.adapter.createDatabase('encoded?', inventory);
      expect((await bench.adapter.inventory('encoded?')).database).toMatchObject({
        encoding: 'latin1',
        collation: 'latin1_german2_ci',
      });
      await bench.adapter.dropDatabase('encoded?');
      await bench.adapter.dropDatabase('encoded?');
    });
  });
}

describe('grants', () => {
  const grants = parseGrants([
    'GRANT USAGE ON *.* TO `a`@`%`',
    'GRANT SELECT (`id`, `x`), INSERT ON `shop`.`t` TO `a`@`%`',
    'GRANT SELECT, SHOW VIEW ON `pre\\_%`.* TO `a`@`%`',
    'GRANT ALL PRIVILEGES ON `we``ird`.* TO `a`@`%` WITH GRANT OPTION',
    'GRANT SHOW_ROUTINE ON *.* TO `a`@`%`',
    'GRANT EXECUTE ON FUNCTION `shop`.`f` TO `a`@`%`',
    'GRANT `role`@`%` TO `a`@`%`',
  ]);

  it('are understood as the server means them', () => {
    expect(grants.globally('SHOW_ROUTINE')).toBe(true);
    expect(grants.globally('SELECT')).toBe(false);
    expect(grants.on('pre_one', 'SELECT')).toBe(true);
    expect(grants.on('preXone', 'SELECT')).toBe(false);
    expect(grants.on('pre_one', 'TRIGGER')).toBe(false);
    expect(grants.on('we`ird', 'EVENT')).toBe(true);
    expect(grants.on('shop', 'INSERT')).toBe(false);
    expect(grants.onTable('shop', 't', 'INSERT')).toBe(true);
    expect(grants.onTable('shop', 't', 'SELECT')).toBe(false);
  });

  it('lose a database to a partial revoke', () => {
    const revoked = parseGrants([
      'GRANT SELECT ON *.* TO `a`@`%`',
      'REVOKE SELECT ON `secret`.* FROM `a`@`%`',
    ]);
    expect(revoked.on('shop', 'SELECT')).toBe(true);
    expect(revoked.on('secret', 'SELECT')).toBe(false);
  });
});
