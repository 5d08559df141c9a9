import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, execPath } from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { baseImage, type PrivateEngine, privateEngine } from '../debian/engine.ts';
import { debianIsMissing } from '../debian/root.ts';

const missing = await debianIsMissing('test servers in containers', { withCgroup: true });

/** What of the official image's entry point test servers rely on. */
const entryPoint = `#!/bin/sh
set -e
PATH=/usr/lib/postgresql/15/bin:$PATH
as="setpriv --reuid=postgres --regid=postgres --init-groups"
install -d -o postgres /var/run/postgresql /pg
echo "$POSTGRES_PASSWORD" > /pg/password
$as initdb --username=postgres --pwfile=/pg/password -D /pg/data $POSTGRES_INITDB_ARGS
echo "host all all all scram-sha-256" >> /pg/data/pg_hba.conf
exec $as postgres -D /pg/data -c listen_addresses='*' "$@"
`;
const recipe = `FROM ${baseImage}
RUN apt-get update && apt-get install -y --no-install-recommends postgresql
COPY docker-entrypoint.sh /usr/local/bin/
ENTRYPOINT ["docker-entrypoint.sh"]
`;

describe.skipIf(missing)('test servers in containers', () => {
  let work: string;
  let engine: PrivateEngine;

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'vya-test-'));
    engine = await privateEngine({ shared: [work], packages: ['postgresql'] });
    await writeFile(join(work, 'docker-entrypoint.sh'), entryPoint, { mode: 0o755 });
    await writeFile(join(work, 'Dockerfile'), recipe);
    await engine.docker('build', '--network', 'none', '--tag', 'vya-postgres:15', work);
  });
  afterAll(async () => {
    await engine.end();
    await rm(work, { recursive: true });
  });

  test('listen, take the caller’s files, and come with their client programs', async () => {
    const script = `
      import { execFileSync } from 'node:child_process';
      import { connect } from ${JSON.stringify(join(import.meta.dirname, 'connect.ts'))};
      import { startServer } from ${JSON.stringify(join(import.meta.dirname, 'servers.ts'))};
      const server = await startServer('postgresql-15', {
        args: ['-c', 'hba_file={files}/hba.conf'],
        files: { 'hba.conf': 'host all all all scram-sha-256\\nlocal all all scram-sha-256\\n' },
      });
      const connection = await connect(server);
      const rows = await connection.query("SELECT current_setting('hba_file') AS file");
      await connection.close();
      const psql = ['--host', server.socket, '--port', String(server.port), '--username', 'postgres', '-Atc', 'SELECT 6*7'];
      const env = { ...process.env, PGPASSWORD: server.admin.password };
      const answer = execFileSync(server.binDir + '/psql', psql, { env, encoding: 'utf8' });
      await server.stop();
      console.log(JSON.stringify({ rows, answer }));`;
    const inItsNetwork = ['--target', String(engine.pid), '--net', execPath, '--input-type=module', '--eval'];
    const { stdout } = await promisify(execFile)('nsenter', [...inItsNetwork, script], {
      env: {
        PATH: env['PATH'] ?? '',
        TMPDIR: work,
        DOCKER_HOST: `unix:///proc/${engine.pid}/root/run/docker.sock`,
        TESTCONTAINERS_HOST_OVERRIDE: 'localhost',
        TESTCONTAINERS_RYUK_DISABLED: 'true',
        VYA_DEV_CACHE: join(work, 'cache'),
        VYA_TEST_SERVERS: 'docker',
        VYA_TEST_IMAGE_POSTGRESQL_15: 'vya-postgres:15',
      },
    });
    expect(JSON.parse(stdout)).toEqual({ rows: [{ file: '/vya-files/hba.conf' }], answer: '42\n' });
    expect(await engine.docker('ps', '--all', '--quiet')).toBe('');
  });
});
