import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assertEqual, digestOf } from '../../scripts/bench/digest.ts';
import { rowNames } from '../../scripts/bench/options.ts';
import type { Results } from '../../scripts/bench/results.ts';
import { connect } from '../servers/connect.ts';
import type { TestedKind } from '../servers/kinds.ts';
import { serverIsMissing, sharedServer } from '../servers/servers.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const kinds: TestedKind[] = ['mariadb-10.11', 'postgresql-18'];
const missing = (await Promise.all(kinds.map(serverIsMissing))).some(Boolean);

describe.skipIf(missing)('npm run bench', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vya-bench-test-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('measures every row, compares every restore, and writes page, plot and raw results', async () => {
    const out = join(folder, 'benchmarks.md');
    const small = [
      '--size',
      '1M',
      '--large-size',
      '2M',
      '--runs',
      '1',
      '--databases',
      '2',
      '--backups',
      '20',
    ];
    const args = [...small, '--servers', ...kinds, '--program', join(root, 'src/cli/main.ts'), '--out', out];
    await run(execPath, [join(root, 'scripts/bench/bench.ts'), ...args], {
      maxBuffer: 2 ** 24,
      timeout: 870_000,
    });
    const results = JSON.parse(await readFile(join(folder, 'benchmarks.json'), 'utf8')) as Results;
    expect(new Set(results.comparisons.map(({ row }) => row))).toEqual(new Set(rowNames));
    for (const { title, contestants } of results.comparisons) {
      for (const { name, vya, runs } of contestants) {
        if (vya) expect(runs.length, `${title}: ${name}`).toBeGreaterThan(0);
      }
    }
    for (const { row, contestants, compared } of results.comparisons) {
      const restores = contestants.flatMap(({ name, runs }) => (/restor|mysql|load/.test(name) ? runs : []));
      if (row === 'restore') expect(compared).toBe(restores.length);
    }
    const page = await readFile(out, 'utf8');
    for (const { title, targets } of results.comparisons) {
      expect(page).toContain(`## ${title}\n`);
      for (const { what } of targets)
        expect(page).toContain(`| ${what.replaceAll('|', String.raw`\|`)} | ${title} |`);
    }
    expect(await readFile(join(folder, 'benchmarks.svg'), 'utf8')).toContain('</svg>');
  }, 900_000);
});

describe.each(kinds)('a restore on %s that differs', (kind) => {
  test.skipIf(missing)('is found: one row with another value, one row less, one key less', async () => {
    const server = await sharedServer(kind);
    const database = 'bench_differs';
    const admin = await connect(server);
    await admin.script(`CREATE DATABASE ${database}`);
    const connection = await connect(server, database);
    const table = server.type === 'mysql' ? 'bench_rows' : 'public.bench_rows';
    try {
      await connection.script(`CREATE TABLE ${table} (id int PRIMARY KEY, name varchar(20))`);
      await connection.script(`INSERT INTO ${table} VALUES (1, 'one'), (2, 'two')`);
      await connection.script(`CREATE INDEX by_name ON ${table} (name)`);
      const source = await digestOf(connection, server.type);
      const differs = async (change: string, back: string, what: string): Promise<void> => {
        await connection.script(change);
        const changed = await digestOf(connection, server.type);
        expect(() => assertEqual(source, changed)).toThrow(`differs from its source in ${what}`);
        await connection.script(back);
        assertEqual(source, await digestOf(connection, server.type));
      };
      const set = (name: string): string => `UPDATE ${table} SET name = '${name}' WHERE id = 2`;
      await differs(set('tow'), set('two'), table);
      await differs(`DELETE FROM ${table} WHERE id = 2`, `INSERT INTO ${table} VALUES (2, 'two')`, table);
      const index = server.type === 'mysql' ? `by_name ON ${table}` : 'by_name';
      await differs(`DROP INDEX ${index}`, `CREATE INDEX by_name ON ${table} (name)`, 'its keys');
      expect(() => assertEqual(new Map(), new Map())).toThrow('differs from its source in everything');
    } finally {
      await connection.close();
      await admin.script(`DROP DATABASE ${database}`);
      await admin.close();
    }
  });
});
