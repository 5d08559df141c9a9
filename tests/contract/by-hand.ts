import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { nextValues } from '../samples/samples.ts';
import type { TestedKind } from '../servers/kinds.ts';
import type { TestServer } from '../servers/server.ts';
import type { Workspace } from '../cli/vya.ts';
import { type Contract, dropDatabase, quoteName, run, sample } from './contract.ts';
import { type Fingerprint, fingerprint } from './fingerprint.ts';

const execute = promisify(execFile);

/**
 * Restores a backup with the one-liners of the README, in which vya has no part, and tells what came of it.
 * MySQL's dumps go to the other server, under their own name: a MariaDB table whose default is a sequence names the
 * database that it comes from. PostgreSQL's need the roles of the first.
 */
export async function restoreByHand(
  { server, second, space }: Pick<Contract, 'server' | 'second'> & { space: Pick<Workspace, 'path' | 'env'> },
  directory: string,
  reader: string,
): Promise<{ print: Fingerprint; next: Record<string, unknown> }> {
  const [target, name] = server.type === 'mysql' ? [second, sample] : [server, `${sample}_by_hand`];
  const { host, port, admin } = target;
  await createLikeSample(target, name);
  const optionFile = join(space.path, 'by-hand.cnf');
  const login = [`host=${host}`, `port=${port}`, `user=${admin.user}`, `password=${admin.password}`];
  await writeFile(optionFile, `[client]\nprotocol=tcp\n${login.join('\n')}\n`, { mode: 0o600 });
  const env = {
    ...space.env,
    OPTIONS: optionFile,
    NAME: name,
    ...{ PGHOST: host, PGPORT: String(port), PGUSER: admin.user, PGPASSWORD: admin.password },
  };
  await execute('bash', ['-e', '-o', 'pipefail', '-c', oneLiner(target, reader)], { env, cwd: directory });
  const print = await fingerprint(target, name);
  const next = await nextValues(target, name);
  await dropDatabase(target, name);
  return { print, next };
}

function oneLiner({ type, kind }: TestServer, reader: string): string {
  if (type === 'mysql') {
    const client = kind.startsWith('mariadb') ? 'mariadb' : 'mysql';
    return `${reader} *.sql* | ${client} --defaults-file="$OPTIONS" --binary-mode --comments "$NAME"`;
  }
  const restore = 'pg_restore --exit-on-error --dbname "$NAME"';
  return `if [ -d *.pgdump ]; then ${restore} --jobs 2 *.pgdump; else ${reader} *.pgdump* | ${restore}; fi`;
}

/** An empty database with the sample's character set and collation. */
async function createLikeSample(server: TestServer, name: string): Promise<void> {
  const properties = {
    'mysql-9.7': 'CHARACTER SET utf8mb4 COLLATE utf8mb4_es_0900_ai_ci',
    'mariadb-10.11': 'CHARACTER SET utf8mb4 COLLATE utf8mb4_spanish_ci',
    'postgresql-15': `TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'`,
    'postgresql-18': `TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'`,
  };
  await run(server, `CREATE DATABASE ${quoteName(server, name)} ${properties[server.kind as TestedKind]}`);
}
