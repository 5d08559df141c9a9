import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { postgresqlEngine } from '../../../src/db/postgresql/engine.ts';
import { planDump } from '../../../src/db/postgresql/dump/dump.ts';
import { parseVersion } from '../../../src/model/version.ts';
import { kindFacts } from '../../servers/kinds.ts';
import { pathWith, serverIsMissing, sharedServer } from '../../servers/servers.ts';
import { emptyInventory, temporaryDirectory } from './harness.ts';
import { targetOf } from '../target.ts';

const missing = (await serverIsMissing('postgresql-15')) || (await serverIsMissing('postgresql-18'));

function find(major: number, PATH: string) {
  const version = parseVersion(`${major}.0`);
  if (!version) throw new Error('no version');
  return postgresqlEngine.findPrograms({ flavour: 'postgresql', version }, { PATH });
}

test.skipIf(missing)(
  "the programs of the server's own major are taken, whatever stands first on PATH (F13)",
  async () => {
    const [old, recent] = [await sharedServer('postgresql-15'), await sharedServer('postgresql-18')];
    for (const PATH of [await pathWith(old, recent), await pathWith(recent, old)]) {
      for (const [major, kind] of [
        [15, 'postgresql-15'],
        [18, 'postgresql-18'],
      ] as const) {
        const { dump, load, query } = await find(major, PATH);
        for (const program of [dump, load, query])
          expect(program.version.text).toMatch(`${kindFacts[kind].version}`);
      }
    }
  },
);

test.skipIf(missing)(
  'without the exact major the nearest newer one is taken, never an older one (F13)',
  async () => {
    const PATH = await pathWith(await sharedServer('postgresql-15'), await sharedServer('postgresql-18'));
    const { dump } = await find(14, PATH);
    expect(dump.version.major).toBe(15);
    const { load } = await find(18, PATH);
    expect(load.version.major).toBe(18);
  },
);

test.skipIf(missing)(
  'a server that is newer than every installed client is refused with the package to install',
  async () => {
    const PATH = await pathWith(await sharedServer('postgresql-15'), await sharedServer('postgresql-18'));
    await expect(find(99, PATH)).rejects.toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(
        /^PostgreSQL 99 needs pg_dump, pg_restore and psql 99 or newer; installed is .*18\./,
      ) as string,
      hint: expect.stringContaining('apt install postgresql-client-99') as string,
    });
  },
);

test('a pg_dump that was built without zstd dumps in the custom format, for vya to compress', async () => {
  const directory = await temporaryDirectory();
  const script = (name: string) => `#!/bin/sh
case "$*" in
  --version) echo "${name} (PostgreSQL) 98.1";;
  --help) printf '  -Z, --compress=METHOD\\n';;
  *zstd*) echo "${name}: error: this build does not support compression with zstd" >&2; exit 1;;
esac
`;
  for (const name of ['pg_dump', 'pg_restore', 'psql']) {
    await writeFile(path.join(directory, name), script(name));
    await chmod(path.join(directory, name), 0o755);
  }
  const programs = await find(98, `${directory}:/usr/bin:/bin`);
  expect(programs.dump.path).toBe(path.join(directory, 'pg_dump'));
  const plan = (codec: 'zstd' | 'gzip') => {
    const target = targetOf({ type: 'postgresql', host: 'h', port: 1, admin: { user: 'u', password: 'p' } });
    const request = {
      database: 'd',
      inventory: emptyInventory,
      programs,
      compression: { codec, level: 3 },
      jobs: 1,
      directoryFor: () => '/d',
    };
    return planDump(
      { target, encrypted: false, applicationName: 'vya', sessionOptions: { client: '', load: '' } },
      request,
    );
  };
  expect(plan('zstd')).toMatchObject({
    parts: [{ format: 'pg-custom' }],
    options: ['--format=custom', '--compress=0', '--lock-wait-timeout=5000'],
  });
  expect(plan('gzip')).toMatchObject({ parts: [{ format: 'pg-directory' }] });
});
