import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../cli/test-database.ts';
import { workspace, type Workspace } from '../cli/vya.ts';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { partsOf } from './streamed.ts';

interface Report {
  instances: { databases: { database: string; path: string }[] }[];
}

describe.skipIf(await serverIsMissing('mariadb-10.11'))('vya backup', () => {
  let server: TestServer;
  let space: Workspace;
  let large: TestDatabase;
  beforeAll(async () => {
    server = await startServer('mariadb-10.11');
    large = await createTestDatabase(
      server,
      'large',
      `CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT, v varchar(8000)); CREATE TABLE few (n int); INSERT INTO few VALUES (1);
       INSERT INTO t (v) VALUES ${Array.from({ length: 80 }, () => `(REPEAT('x', 8000))`).join(',')};
       ${'INSERT INTO t (v) SELECT v FROM t;'.repeat(7)} ANALYZE TABLE t, few`,
    );
    space = await workspace({
      instances: [{ id: 'main', server, settings: { databases: ['large', 'small'] } }],
    });
  });
  afterEach(() => large.drop());
  afterAll(async () => {
    await space.remove();
    await server.stop();
  });

  it('dumps a large database in several streams and a small one in one, and both come back', async () => {
    const small = await createTestDatabase(
      server,
      'small',
      'CREATE TABLE few (n int); INSERT INTO few VALUES (1)',
    );
    const before = await large.query('CHECKSUM TABLE t, few');
    const { stdout, stderr, code, json } = await space.vya(['backup', '--jobs', '2', '--format', 'json']);
    expect(code, stdout + stderr).toBe(0);
    const parts: Record<string, string[]> = {};
    for (const made of json<Report>().instances[0]?.databases ?? [])
      parts[made.database] = await partsOf(made.path);
    expect(parts, stderr).toEqual({
      large: ['1-definitions', '2-rows-01', '2-rows-02', '2-rows-03'],
      small: ['1-tables'],
    });
    const verified = await space.vya(['verify', '--all']);
    expect(verified.code, verified.stdout + verified.stderr).toBe(0);
    await large.script('DELETE FROM t WHERE id > 100');
    for (const database of ['large', 'small']) {
      const args = [
        'restore',
        '--instance',
        'main',
        '--database',
        database,
        '--latest',
        '--force',
        '--jobs',
        '2',
      ];
      const restored = await space.vya(args);
      expect(restored.code, restored.stdout + restored.stderr).toBe(0);
    }
    expect(await large.query('CHECKSUM TABLE t, few')).toEqual(before);
    await small.drop();
  });
});
