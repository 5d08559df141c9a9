import { execFile } from 'node:child_process';
import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { nextValues } from '../samples/samples.ts';
import type { TestServer } from '../servers/server.ts';
import { backUp, type Contract, dropDatabase, quoteName, restore, run, sample } from './contract.ts';
import { fingerprint, without } from './fingerprint.ts';
import { filesIn } from './tree.ts';

const execute = promisify(execFile);

interface Manifest {
  kind: string;
  database: string;
  compression: { codec: string };
  parts: { path: string; format: 'sql' | 'pg-custom' | 'pg-directory' }[];
  files: { path: string; size: number }[];
  server: { version: { text: string } };
  inventory: { tables: unknown[] };
}

const codecs = [
  { compression: 'zstd', checksum: 'sha256', reader: ['zstd', '-dc'] },
  { compression: 'gzip', checksum: 'md5', reader: ['gzip', '-dc'] },
  { compression: 'none', checksum: 'sha256', reader: ['cat'] },
];

export function archiveCases(contract: Contract): void {
  const { original, next } = lateBound(contract);

  test.each(codecs)(
    'a $compression backup with $checksum is checked by coreutils, and restored with and without vya',
    async ({ compression, checksum, reader }) => {
      const { server, space } = contract;
      await space.configure({ storage: { compression, checksum_algorithm: checksum } });
      const { path } = await backUp(contract, 'main', ['--skip-prune']);
      await space.configure({});
      const manifest = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8')) as Manifest;
      expect(manifest.compression.codec).toBe(compression);
      await execute(`${checksum}sum`, ['-c', '--strict', checksum === 'md5' ? 'MD5SUMS' : 'SHA256SUMS'], {
        cwd: path,
      });
      await expectPrivate(path);

      await restore(contract, [
        '--file',
        path,
        '--target-instance',
        'main',
        '--target-database',
        'deli_by_vya',
      ]);
      await createLikeSample(server, 'deli_by_hand');
      for (const part of manifest.parts)
        await loadByHand(contract, join(path, part.path), part.format, reader, 'deli_by_hand');

      const [byVya, byHand] = await Promise.all(
        ['deli_by_vya', 'deli_by_hand'].map((name) => fingerprint(server, name)),
      );
      expect(without(byVya ?? {}, /^status of event/)).toEqual(without(original(), /^status of event/));
      // A single archive does not say what the database itself was: its owner, its grants, its settings.
      const ofDatabase = /^(owner of|acl of|comment on|setting of)? ?database/;
      const parts = server.type === 'postgresql' ? ofDatabase : /^nothing is left out$/;
      expect(without(byHand ?? {}, parts)).toEqual(without(original(), parts));
      expect(await nextValues(server, 'deli_by_hand')).toEqual(next());
      await dropDatabase(server, 'deli_by_vya');
      await dropDatabase(server, 'deli_by_hand');
    },
  );

  test('the manifest tells what was backed up, and every file that the backup has', async () => {
    const { kind, backup } = contract;
    const manifest = JSON.parse(await readFile(join(backup.path, 'manifest.json'), 'utf8')) as Manifest;
    expect(manifest).toMatchObject({ kind: 'database', database: sample, instance: { id: 'main' } });
    expect(manifest.server.version.text).toContain(kind.replace(/^\w+-/, ''));
    expect(manifest.inventory.tables.length).toBeGreaterThan(10);
    const present = (await filesIn(backup.path)).map((path) => path.slice(backup.path.length + 1));
    const listed = [...manifest.files.map(({ path }) => path), 'manifest.json', 'SHA256SUMS'];
    expect(present.toSorted()).toEqual(listed.toSorted());
  });

  test('list and verify show the backup, newest first, whole', async () => {
    const { space } = contract;
    const listed = await space.vya(['list', '--database', sample, '--format', 'json']);
    expect(listed.code).toBe(0);
    const { backups } = listed.json<{ backups: { id: string; takenAt: string }[] }>();
    const times = backups.map(({ takenAt }) => takenAt);
    expect(times).toEqual(times.toSorted().toReversed());
    const verified = await space.vya(['verify', '--all', '--instance', 'main', '--format', 'json']);
    expect(verified.code, verified.stderr).toBe(0);
    expect(verified.json<{ backups: unknown[] }>().backups).toHaveLength(
      backups.filter(({ id }) => id.startsWith('main/')).length,
    );
  });
}

/** The contract is filled in only when the tests run. */
function lateBound(contract: Contract) {
  return { original: () => contract.original, next: () => contract.next };
}

async function expectPrivate(directory: string): Promise<void> {
  const modes = await Promise.all(
    (await filesIn(directory)).map(async (path) => (await stat(path)).mode & 0o777),
  );
  expect(new Set(modes)).toEqual(new Set([0o600]));
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
}

/** An empty database with the sample's character set and collation. */
async function createLikeSample(server: TestServer, name: string): Promise<void> {
  if (server.type === 'postgresql')
    return run(server, `CREATE DATABASE ${name} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'`);
  const collation = server.kind.startsWith('mariadb') ? 'utf8mb4_spanish_ci' : 'utf8mb4_es_0900_ai_ci';
  return run(server, `CREATE DATABASE ${quoteName(server, name)} CHARACTER SET utf8mb4 COLLATE ${collation}`);
}

/** Loads one part with nothing but the decompressor and the server's own client program. */
async function loadByHand(
  { server, space }: Contract,
  path: string,
  format: Manifest['parts'][number]['format'],
  reader: readonly string[],
  database: string,
): Promise<void> {
  const { user, password } = server.admin;
  const env = { ...space.env, PGPASSWORD: password };
  const [program = '', ...args] = clientCommand(server, database);
  if (server.type === 'mysql') {
    const login = join(space.path, 'login.cnf');
    await writeFile(login, `[client]\nuser=${user}\npassword=${password}\n`, { mode: 0o600 });
    args.unshift(`--defaults-file=${login}`);
  }
  if (format === 'pg-directory') return void (await execute(program, [...args, path], { env }));
  const plain = `${path}.by-hand`;
  const out = await open(plain, 'w', 0o600);
  await execute('sh', ['-c', '"$@" > "$OUT"', 'sh', ...reader, path], { env: { ...env, OUT: plain } });
  await out.close();
  await execute('sh', ['-c', '"$@" < "$IN"', 'sh', program, ...args], { env: { ...env, IN: plain } });
}

function clientCommand({ type, kind, host, port, admin }: TestServer, database: string): string[] {
  if (type === 'postgresql') {
    return [
      'pg_restore',
      '--exit-on-error',
      '-h',
      host,
      '-p',
      String(port),
      '-U',
      admin.user,
      '-d',
      database,
    ];
  }
  const program = kind.startsWith('mariadb') ? 'mariadb' : 'mysql';
  return [program, '--protocol=tcp', `--host=${host}`, `--port=${port}`, database];
}
