import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serverKinds, type TestedKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import { pathWith, serverIsMissing, startServer } from '../servers/servers.ts';
import { createTestDatabase, scratchDatabases, type TestDatabase } from './test-database.ts';
import { workspace, type Workspace } from './vya.ts';

const database = 'cramped';
const loaders: Record<TestedKind, string[]> = {
  'mariadb-10.11': ['mariadb', 'mysql'],
  'mysql-9.7': ['mysql'],
  'postgresql-15': ['pg_restore'],
  'postgresql-18': ['pg_restore'],
};

for (const kind of serverKinds) {
  describe.skipIf(await serverIsMissing(kind))(`--replace-in-place on ${kind}`, () => {
    let server: TestServer;
    let space: Workspace;
    let inside: TestDatabase;
    const restore = ['restore', '--instance', 'main', '--database', database, '--latest', '--format', 'json'];

    beforeAll(async () => {
      server = await startServer(kind);
      inside = await createTestDatabase(
        server,
        database,
        "CREATE TABLE t (id int PRIMARY KEY, v varchar(20)); INSERT INTO t VALUES (1, 'backed up')",
      );
      space = await workspace({ instances: [{ id: 'main', server, settings: { databases: [database] } }] });
      expect((await space.vya(['backup'])).code).toBe(0);
    });
    afterAll(async () => {
      await space.remove();
      await server.stop();
    });

    const values = async () => await inside.query('SELECT v FROM t');
    const names = () => scratchDatabases(server, '');

    test('asks aloud: without a yes nothing is touched, and what is dropped cannot be kept', async () => {
      const refused = await space.vya([...restore, '--replace-in-place']);
      expect(refused.code, refused.stdout).toBe(3);
      expect((await space.vya([...restore, '--replace-in-place', '--keep-old', '--force'])).code).toBe(3);
      expect(await values()).toEqual([{ v: 'backed up' }]);
    });

    test('drops the present database and loads the backup under its name', async () => {
      await inside.script("UPDATE t SET v = 'newer'");
      const done = await space.vya([...restore, '--replace-in-place', '--force']);
      expect(done.code, done.stdout).toBe(0);
      expect(done.json()).toMatchObject({ status: 'ok', replaced: true });
      expect(await values()).toEqual([{ v: 'backed up' }]);
      expect(await scratchDatabases(server)).toEqual([]);
    });

    test('is refused before anything is dropped when the archive is damaged', async () => {
      await inside.script("UPDATE t SET v = 'newer'");
      const manifest = await newestManifest();
      const whole = await readFile(manifest, 'utf8');
      await writeFile(manifest, whole.replaceAll(/[0-9a-f]{64}/g, '0'.repeat(64)));
      const result = await space.vya([...restore, '--replace-in-place', '--force']);
      await writeFile(manifest, whole);
      expect(result.code, result.stdout).toBe(8);
      expect(await values()).toEqual([{ v: 'newer' }]);
    });

    test('that fails says that the database is gone, and the same command brings it back', async () => {
      const failed = await space.vya([...restore, '--replace-in-place', '--force'], {
        env: { PATH: await pathWithBrokenLoader() },
      });
      expect(failed.code, failed.stdout).toBe(2);
      const { error } = failed.json<{ error: { message: string; hint: string } }>();
      expect(error.message).toContain('disk on fire');
      expect(error.message).toContain(`“${database}” was dropped before loading`);
      expect(error.hint).toContain('Run the same command again');
      expect(await names()).not.toContain(database);
      expect(await scratchDatabases(server)).toEqual([]);
      const again = await space.vya([...restore, '--replace-in-place', '--force']);
      expect(again.code, again.stdout).toBe(0);
      expect(await values()).toEqual([{ v: 'backed up' }]);
    });

    test('is named where a server on this machine has no room for a second copy', async () => {
      const manifest = await newestManifest();
      const whole = await readFile(manifest, 'utf8');
      await writeFile(manifest, whole.replace(/"sizeBytes": ?\d+/, '"sizeBytes": 900000000000000'));
      const refused = await space.vya([...restore, '--force']);
      const inPlace = await space.vya([...restore, '--force', '--replace-in-place', '--dry-run']);
      await writeFile(manifest, whole);
      expect(inPlace.code, inPlace.stdout).toBe(0);
      // In a container nobody can tell how much room there is.
      if (server.dataDir === undefined) return expect(refused.code).toBe(0);
      expect(refused.code, refused.stdout).toBe(2);
      const { error } = refused.json<{ error: { message: string; hint: string } }>();
      expect(error.message).toContain('a copy of the database takes about');
      expect(error.hint).toContain('--replace-in-place');
      expect(await values()).toEqual([{ v: 'backed up' }]);
    });

    async function newestManifest(): Promise<string> {
      const { backups } = (await space.vya(['list', '--format', 'json'])).json<{
        backups: { path: string }[];
      }>();
      return join(backups[0]?.path ?? '', 'manifest.json');
    }

    /** A loader that answers questions and fails at everything else. */
    async function pathWithBrokenLoader(): Promise<string> {
      const folder = join(space.path, 'shims');
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder);
      const path = await pathWith(server);
      for (const name of loaders[kind]) {
        const real = `PATH='${path}' ${name} "$@"`;
        const script = `#!/bin/sh\ncase "$*" in *--database=vya_tmp_*|*--dbname=*) echo 'disk on fire' >&2; exit 1;; esac\n${real}\n`;
        await writeFile(join(folder, name), script);
        await chmod(join(folder, name), 0o755);
      }
      return `${folder}:${path}`;
    }
  });
}
