import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, execPath } from 'node:process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { baseImage, type PrivateEngine, privateEngine } from '../debian/engine.ts';
import { debianIsMissing } from '../debian/root.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const missing = await debianIsMissing('test servers in containers', { withCgroup: true });

/** What test servers rely on of the official images' entry points, for Debian's packages. */
const entryPoint = `#!/bin/sh
set -e
PATH=/usr/lib/postgresql/15/bin:$PATH
install -d /data
if [ -n "$MARIADB_ROOT_PASSWORD" ]; then
  install -d -o mysql /run/mysqld
  mariadb-install-db --user=mysql --datadir=/data/mysql --auth-root-authentication-method=normal --skip-test-db
  cat > /data/accounts.sql <<.
ALTER USER root@localhost IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';
CREATE USER root@'%' IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
.
  exec mariadbd --user=mysql --datadir=/data/mysql --init-file=/data/accounts.sql --bind-address=0.0.0.0 "$@"
fi
as="setpriv --reuid=postgres --regid=postgres --init-groups"
install -d -o postgres /data/postgresql /var/run/postgresql
echo "$POSTGRES_PASSWORD" > /data/password
$as initdb --username=postgres --pwfile=/data/password -D /data/postgresql $POSTGRES_INITDB_ARGS
echo "host all all all scram-sha-256" >> /data/postgresql/pg_hba.conf
exec $as postgres -D /data/postgresql -c listen_addresses='*' "$@"
`;
const recipe = `FROM ${baseImage}
RUN apt-get update && apt-get install -y --no-install-recommends mariadb-server postgresql zstd
COPY docker-entrypoint.sh /usr/local/bin/
ENTRYPOINT ["docker-entrypoint.sh"]
`;

describe.skipIf(missing)('test servers in containers', () => {
  const image = 'vya-servers:1';
  let work: string;
  let engine: PrivateEngine;

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'vya-test-'));
    engine = await privateEngine({ shared: [work], packages: ['mariadb-server', 'postgresql', 'zstd'] });
    await writeFile(join(work, 'docker-entrypoint.sh'), entryPoint, { mode: 0o755 });
    await writeFile(join(work, 'Dockerfile'), recipe);
    await engine.docker('build', '--network', 'none', '--tag', image, work);
  });
  afterAll(async () => {
    await engine.end();
    await rm(work, { recursive: true });
  });

  test('do what the same servers do without one', { timeout: 600_000 }, async () => {
    const report = join(work, 'report.json');
    const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'tests/servers/servers.test.ts'];
    const chosen = ['-t', 'a private (postgresql-15|mariadb-10.11)'];
    const reporter = ['--reporter=json', `--outputFile=${report}`];
    const inItsNetwork = ['--target', String(engine.pid), '--net'];
    const child = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', 'nsenter', ...inItsNetwork, execPath, ...vitest, ...chosen, ...reporter],
      {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: env['PATH'],
          TMPDIR: work,
          DOCKER_HOST: `unix:///proc/${engine.pid}/root/run/docker.sock`,
          TESTCONTAINERS_HOST_OVERRIDE: 'localhost',
          TESTCONTAINERS_RYUK_DISABLED: 'true',
          VYA_DEV_CACHE: join(work, 'cache'),
          VYA_TEST_SERVERS: 'docker',
          VYA_TEST_IMAGE_POSTGRESQL_15: image,
          VYA_TEST_IMAGE_MARIADB_10_11: image,
        },
      },
    );
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    expect(child.exitCode, `${stdout}\n${stderr}`).toBe(0);
    expect(await passedIn(report)).toEqual(new Set(['a private mariadb-10.11', 'a private postgresql-15']));
    expect(await engine.docker('ps', '--all', '--quiet')).toBe('');
  });
});

interface Report {
  testResults: { assertionResults: { status: string; ancestorTitles: string[] }[] }[];
}

/** The suites with tests that passed. */
async function passedIn(report: string): Promise<Set<string | undefined>> {
  const { testResults } = JSON.parse(await readFile(report, 'utf8')) as Report;
  const passed = testResults[0]?.assertionResults.filter(({ status }) => status === 'passed') ?? [];
  return new Set(passed.map(({ ancestorTitles }) => ancestorTitles[0]));
}
