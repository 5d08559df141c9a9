import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestServer } from '../servers/server.ts';
import { serverIsMissing, startServer } from '../servers/servers.ts';
import { type RawManifest, type TamperedBackup, tamperedCopy } from './hostile-backup.ts';
import { createTestDatabase, scratchDatabases, type TestDatabase } from './test-database.ts';
import { workspace, type Workspace } from './vya.ts';

const execute = promisify(execFile);

interface Case {
  what: string;
  change(this: void, copy: TamperedBackup): Promise<void> | void;
  /** 8: verification, 3: usage. */
  code?: number;
  says: RegExp;
}

const manifest = (change: (manifest: RawManifest) => unknown) => (copy: TamperedBackup) =>
  void change(copy.manifest);
const first = <T>(list: readonly T[]): T => list[0] as T;

/** What a manifest of any kind of server can be made to say. */
const manifests: Case[] = [
  {
    what: 'names an absolute path',
    change: manifest((made) => (first(made.files).path = '/etc/passwd')),
    says: /files\.0\.path: is not a path inside the backup/,
  },
  {
    what: 'names a path that leads out',
    change: manifest((made) => (first(made.parts).path = '../../evil')),
    says: /parts\.0\.path: is not a path inside the backup/,
  },
  {
    what: 'is of a newer version',
    change: manifest((made) => (made['version'] = 99)),
    says: /made by a newer vya: its format is 99/,
  },
  {
    what: 'has other types than it should',
    change: manifest((made) => Object.assign(made.inventory, { tables: { 0: 'x' } })),
    says: /does not hold: inventory\.tables/,
  },
  {
    what: 'names a database that no server can have',
    change: manifest((made) => (made.database = 'shop\0')),
    says: /database: is not a name that a database can have/,
  },
  {
    what: 'holds objects without end',
    change: manifest((made) => (made['more'] = Array.from({ length: 3_000_001 }, () => ({})))),
    says: /holds more objects, or deeper ones, than any backup has/,
  },
  {
    what: 'is deeper than a stack',
    change: manifest((made) => {
      let deep: unknown[] = [];
      for (let level = 0; level < 1_000; level += 1) deep = [deep];
      Object.assign(made, { deep, padding: 'x'.repeat(5_000_000) });
    }),
    says: /holds more objects, or deeper ones, than any backup has/,
  },
];

/** What a manifest of a backup can say whose files go through a decompressor. */
const streams: Case[] = [
  {
    what: 'claims another compression than its files have',
    change: manifest((made) => (made['compression'] = { codec: 'gzip', level: 3 })),
    says: /is not named after its compression/,
  },
];

/** What the directory archive of a PostgreSQL backup can be made to be. */
const archives: Case[] = [
  {
    what: 'has a table of contents that names a file elsewhere',
    async change(copy) {
      const { toc, data } = await archiveOf(copy);
      const content = await readFile(toc, 'latin1');
      const name = data.replace(/^.*\/(\d+\.dat).*$/, '$1');
      expect(content).toContain(name);
      await writeFile(toc, content.replace(name, `../${'x'.repeat(name.length - 7)}.dat`), 'latin1');
    },
    says: /names files outside of it in toc\.dat/,
  },
  {
    what: 'has a table of contents that cannot be understood',
    async change(copy) {
      const { toc } = await archiveOf(copy);
      const content = await readFile(toc);
      await writeFile(toc, content.subarray(0, content.length >> 1));
    },
    says: /toc\.dat that cannot be understood/,
  },
  {
    what: 'has a list of large objects that names a file elsewhere',
    async change(copy) {
      const { directory } = await archiveOf(copy);
      const list = first((await readdir(directory)).filter((name) => name.startsWith('blobs')));
      await writeFile(join(directory, list), '7 ../../../../etc/passwd\n');
    },
    says: /names files outside of it in blobs/,
  },
  {
    what: 'has a link in place of a file',
    async change(copy) {
      const { data } = await archiveOf(copy);
      await rename(data, join(copy.path, '..', 'elsewhere'));
      await symlink(join(copy.path, '..', 'elsewhere'), data);
    },
    says: /a symbolic link where a file should be/,
  },
  {
    what: 'has a link beside its files',
    async change(copy) {
      const { directory } = await archiveOf(copy);
      await symlink('/etc/passwd', join(directory, '9999.dat'));
    },
    says: /9999\.dat is not in the manifest/,
  },
  {
    what: 'has a pipe in place of a file',
    async change(copy) {
      const { data } = await archiveOf(copy);
      await rm(data);
      await execute('mkfifo', [data]);
      for (const file of copy.manifest.files) if (data.endsWith(file.path)) file.size = 1;
    },
    says: /a special file where a file should be/,
  },
  {
    what: 'has a file of another kind',
    async change(copy) {
      const { directory, data } = await archiveOf(copy);
      await copyFile(data, join(directory, 'payload.so'));
      const listed = first(copy.manifest.files).path.replace(/[^/]*$/, 'payload.so');
      copy.manifest.files.push({ path: listed, size: 0, checksum: '' });
    },
    says: /holds “payload\.so”, which pg_dump does not write/,
  },
];

async function archiveOf({
  path,
}: TamperedBackup): Promise<{ directory: string; toc: string; data: string }> {
  const name = first((await readdir(path)).filter((entry) => entry.endsWith('.pgdump')));
  const directory = join(path, name);
  const data = first((await readdir(directory)).filter((file) => /^\d+\.dat/.test(file)));
  return { directory, toc: join(directory, 'toc.dat'), data: join(directory, data) };
}

for (const [kind, system] of [
  ['mariadb-10.11', 'mysql'],
  ['postgresql-18', 'template1'],
] as const) {
  describe.skipIf(await serverIsMissing(kind))(`a backup of ${kind} from a stranger`, () => {
    let server: TestServer;
    let space: Workspace;
    let shop: TestDatabase;
    let backup: string;
    const cases: Case[] = [
      ...manifests,
      ...(kind === 'postgresql-18' ? archives : streams),
      {
        what: "claims to be the server's own database",
        change: manifest((made) => (made.database = system)),
        code: 3,
        says: /one of the server's own databases/,
      },
    ];

    beforeAll(async () => {
      server = await startServer(kind);
      const large = kind === 'postgresql-18' ? "SELECT lo_from_bytea(7, 'large');" : '';
      const sql = `CREATE TABLE t (id int); INSERT INTO t VALUES (1); ${large}`;
      shop = await createTestDatabase(server, 'shop', sql);
      space = await workspace({ instances: [{ id: 'main', server, settings: { databases: ['shop'] } }] });
      const made = await space.vya(['backup', '--format', 'json']);
      backup = first(
        first(made.json<{ instances: { databases: { path: string }[] }[] }>().instances).databases,
      ).path;
      await shop.script('INSERT INTO t VALUES (77)');
    });
    afterAll(async () => {
      await space.remove();
      await server.stop();
    });

    test.each(cases)('is refused when it $what, and nothing changes', async ({ change, says, code = 8 }) => {
      const folder = await mkdtemp(join(space.path, 'strange-'));
      const path = await tamperedCopy(backup, folder, change);
      const args = ['restore', '--file', path, '--force', '--format', 'json'];
      const result = await space.vya(args, { measured: false });
      await rm(folder, { recursive: true });
      expect(result.code, result.stdout + result.stderr).toBe(code);
      expect(result.json<{ error: { message: string } }>().error.message).toMatch(says);
      expect(await shop.query('SELECT id FROM t ORDER BY id')).toEqual([{ id: 1 }, { id: 77 }]);
      expect(await scratchDatabases(server)).toEqual([]);
    });

    test('whose manifest bears odd keys, or one twice, is taken for what the last one says', async () => {
      const folder = await mkdtemp(join(space.path, 'strange-'));
      const path = await tamperedCopy(backup, folder, ({ manifest: made }) => {
        Object.defineProperty(made, '__proto__', { value: { polluted: true }, enumerable: true });
      });
      const file = join(path, 'manifest.json');
      const text = await readFile(file, 'utf8');
      expect(text).toContain('"__proto__"');
      await writeFile(file, text.replace('{', '{"database": "mysql", "constructor": 1, '));
      const restored = await space.vya(['restore', '--file', path, '--target-database', 'odd_copy']);
      expect(restored.code, restored.stdout + restored.stderr).toBe(0);
      const refused = await space.vya(['restore', '--file', path]);
      expect(refused.code, refused.stdout + refused.stderr).toBe(3);
      expect(refused.stderr).toContain('a database “shop” already');
      await rm(folder, { recursive: true });
    });

    test('cannot write to the terminal, neither by an id nor by the name of its database', async () => {
      const folder = await mkdtemp(join(space.path, 'strange-'));
      const evil = '\u001b]0;owned\u0007';
      const withId = await tamperedCopy(backup, folder, ({ manifest: made }) => void (made['id'] = evil));
      const byId = await space.vya(['restore', '--file', withId]);
      expect(byId.code, byId.stdout + byId.stderr).toBe(8);
      await rm(withId, { recursive: true });
      const withName = await tamperedCopy(
        backup,
        folder,
        ({ manifest: made }) => void (made.database = evil),
      );
      const byName = await space.vya(['restore', '--file', withName]);
      expect(byName.code, byName.stdout + byName.stderr).toBe(0);
      const said = byId.stdout + byId.stderr + byName.stdout + byName.stderr;
      expect(said).toContain('owned');
      expect(said).not.toMatch(/\p{Cc}(?<!\n)/u);
      await rm(folder, { recursive: true });
    });
  });
}
