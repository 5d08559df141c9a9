import { randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { createTestDatabase, type TestDatabase } from '../cli/test-database.ts';
import { workspace, type Workspace } from '../cli/vya.ts';
import { dockerEngine, type Engine, engineIsMissing } from '../debian/engine.ts';
import { isDebian } from '../servers/debian.ts';
import type { TestServer } from '../servers/server.ts';
import { sharedServer } from '../servers/servers.ts';
import { builtPackage } from './built-package.ts';

const recipe = fileURLToPath(new URL('../../scripts/package/Containerfile', import.meta.url));
const cronJob = new URL('../../config/kubernetes-cronjob.yaml', import.meta.url);

/** What the recipe installs, and what vya's package itself needs. */
const packages = ['adduser', 'ca-certificates', 'mariadb-client', 'postgresql-client', 'zstd'];
const missing = (await isDebian())
  ? await engineIsMissing('the container image')
  : 'the package that it is made of needs a Debian';
if (!(await isDebian())) process.stderr.write(`\nNOT TESTED HERE: the container image; ${missing}\n\n`);

test('the example of a CronJob gives the image’s user no more rights than it needs', async () => {
  const user = /^USER (\d+):\1$/m.exec(await readFile(recipe, 'utf8'))?.[1];
  const { securityContext, initContainers, containers } = await podOf(cronJob);
  expect(securityContext).toMatchObject({
    runAsNonRoot: true,
    runAsUser: Number(user),
    fsGroup: Number(user),
  });
  for (const each of [...initContainers, ...containers]) {
    expect(each.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  }
});

// Only where it can be, for a test that is skipped counts as one that failed.
if (missing === undefined)
  describe('the container image', () => {
    const tag = `vya-test:${randomBytes(6).toString('hex')}`;
    const volume = tag.replace(':', '-');
    const key = randomBytes(32).toString('base64url') + '=';
    let server: TestServer;
    let database: TestDatabase;
    let space: Workspace;
    let engine: Engine;

    beforeAll(async () => {
      server = await sharedServer('postgresql-15');
      database = await createTestDatabase(
        server,
        'contained',
        'CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)',
      );
      space = await workspace({
        instances: [
          { id: 'main', server, socket: true, settings: { databases: ['contained'], credential: 'db' } },
        ],
        storage: { base_path: '/var/backups/vya' },
      });
      const login = server.admin;
      const stored = await space.vya(['credentials', 'set', 'db', '--username', login.user], {
        input: `${login.password}\n`,
        env: { VYA_SECRET_KEY: key },
      });
      expect(stored.code, stored.stderr).toBe(0);
      const file = await builtPackage();
      await mkdir(join(space.path, 'context'));
      await copyFile(file, join(space.path, 'context', basename(file)));
      await copyFile(recipe, join(space.path, 'context/Containerfile'));
      engine = await dockerEngine({ shared: [space.path, server.socket], packages });
      const context = ['--file', join(space.path, 'context/Containerfile'), join(space.path, 'context')];
      await engine.docker('build', '--network', engine.buildNetwork, '--tag', tag, ...context);
      await engine.docker('volume', 'create', volume);
    });
    afterAll(async () => {
      await engine.docker('volume', 'rm', '--force', volume);
      await engine.docker('image', 'rm', '--force', tag);
      await engine.end();
      await space.remove();
      await database.drop();
    });

    /**
     * As the example of a CronJob has it: nobody's rights, and a root file system that cannot be written to. No
     * network: the server is reached through its socket.
     */
    async function run(mounts: readonly string[], ...command: string[]): Promise<string> {
      const tight = [
        '--read-only',
        '--cap-drop',
        'ALL',
        '--security-opt',
        'no-new-privileges',
        '--tmpfs',
        '/tmp',
      ];
      const secrets = [
        '--env',
        `VYA_SECRET_KEY=${key}`,
        '--env',
        'VYA_SECRETS_PATH=/run/vya/secrets/credentials.json',
      ];
      const socket = join(server.socket, `.s.PGSQL.${server.port}`);
      const where = [
        '--volume',
        `${volume}:/var/backups/vya`,
        '--volume',
        `${socket}:${socket}`,
        ...mounts.flatMap((mount) => ['--volume', mount]),
      ];
      return await engine.docker(
        'run',
        '--rm',
        '--network',
        'none',
        ...tight,
        ...secrets,
        ...where,
        ...command,
      );
    }

    test('is nobody in particular, and needs nothing but its arguments', async () => {
      expect(await run([], tag, '--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
      expect(await run([], '--entrypoint', 'id', tag)).toBe('uid=990(vya) gid=990(vya) groups=990(vya)\n');
    });

    test('holds the client programs of both kinds of server, and the compressor', async () => {
      const programs = ['mariadb-dump', 'mariadb', 'pg_dump', 'pg_restore', 'psql', 'zstd'];
      const script = programs.map((program) => `${program} --version`).join(' && ');
      const said = await run([], '--entrypoint', 'sh', tag, '-c', script);
      expect(said.trim().split('\n')).toHaveLength(programs.length);
    });

    test('backs up, proves and lists as the example’s CronJob does, with nothing else to write to', async () => {
      // What Kubernetes mounts: readable for the container's user, and not private.
      const given = join(space.path, 'given');
      const memory = join(space.path, 'memory');
      for (const folder of [given, memory]) await mkdir(folder);
      await chmod(space.path, 0o755);
      await chmod(memory, 0o777);
      await copyFile(join(space.path, '.secrets/credentials.json'), join(given, 'credentials.json'));
      await copyFile(space.configPath, join(given, 'config.yaml'));
      for (const name of ['credentials.json', 'config.yaml']) await chmod(join(given, name), 0o644);
      await chmod(given, 0o755);

      const { initContainers, containers } = await podOf(cronJob);
      const [{ command }] = initContainers;
      const [{ args }] = containers;
      const mounts = [`${given}:/from-secret:ro`, `${given}:/config:ro`, `${memory}:/run/vya`];
      await run(mounts, '--entrypoint', command[0] as string, tag, ...command.slice(1));
      await run(mounts, tag, ...args, '--rehearse');
      const listed = await run(mounts, tag, '--config', '/config/config.yaml', 'list', '--format', 'json');
      expect((JSON.parse(listed) as { backups: { id: string }[] }).backups.map(({ id }) => id)).toEqual([
        expect.stringMatching(/^main\/contained\//) as string,
      ]);
    });
  });

interface Pod {
  securityContext: object;
  initContainers: [{ command: string[]; securityContext: object }];
  containers: [{ args: string[]; securityContext: object }];
}

async function podOf(manifest: URL): Promise<Pod> {
  const [document] = parseAllDocuments(await readFile(manifest, 'utf8'));
  return document?.toJS().spec.jobTemplate.spec.template.spec as Pod;
}
