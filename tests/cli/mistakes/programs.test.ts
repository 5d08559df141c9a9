import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { installHint } from '../../../src/db/install-hint.ts';
import { serverIsMissing, sharedServer } from '../../servers/servers.ts';
import { workspace } from '../vya.ts';
import { reported, type Told } from './told.ts';

const without15 = await serverIsMissing('postgresql-15');

/** What `check` says where PATH has other programs than the server needs, beside what the system has in its usual places. */
async function checkWith(kind: 'postgresql-18' | 'mysql-9.7' | 'mariadb-10.11', path: string): Promise<Told> {
  const server = await sharedServer(kind);
  const space = await workspace({ instances: [{ id: 'db', server }] });
  const result = await space.vya(['check'], { env: { PATH: path }, measured: false });
  await space.remove();
  return reported(result, 'db');
}

/** What this system's own packages are called; the servers under test come from Debian's, the tests may run elsewhere. */
function here(packages: { debian: string; ubuntu: string; redhat: string; none: string }): string {
  const release = readFileSync('/etc/os-release', 'utf8');
  if (/^ID(_LIKE)?=.*ubuntu/m.test(release)) return packages.ubuntu;
  if (/^ID(_LIKE)?=.*debian/m.test(release)) return packages.debian;
  return /^ID(_LIKE)?=.*(fedora|rhel|centos)/m.test(release) ? packages.redhat : packages.none;
}

test.skipIf((await serverIsMissing('postgresql-18')) || without15)(
  'pg_dump is older than the server (F13)',
  async () => {
    const older = await sharedServer('postgresql-15');
    const apt =
      "apt install postgresql-client-18\nWhere apt knows no such package, it is in PostgreSQL's own repository.";
    expect(await checkWith('postgresql-18', older.binDir)).toEqual({
      code: 2,
      message: expect.stringMatching(
        /^PostgreSQL 18 needs pg_dump, pg_restore and psql 18 or newer; installed is (15\.\d+, )*15\.\d+$/,
      ) as string,
      hint: here({
        debian: apt,
        ubuntu: apt,
        redhat: 'dnf install postgresql18',
        none: 'Install pg_dump, pg_restore and psql of PostgreSQL 18, or put the directory that holds them on PATH.',
      }),
    });
  },
);

test.skipIf(await serverIsMissing('mysql-9.7'))('mysqldump is not there', async () => {
  expect(await checkWith('mysql-9.7', '/nonexistent')).toEqual({
    code: 2,
    message: expect.stringMatching(
      /^No mysqldump of MySQL was found\. (None is installed|Installed are .*, which dump MySQL 9\.7\.\d+ incompletely)\.$/,
    ) as string,
    hint: here({
      debian:
        "apt install mysql-community-client\nThat package is in MySQL's own repository; Debian's default-mysql-client is MariaDB's.",
      ubuntu: 'apt install mysql-client',
      redhat: 'dnf install mysql',
      none: 'Install mysqldump of MySQL, or put the directory that holds them on PATH.',
    }),
  });
});

test.skipIf((await serverIsMissing('mysql-9.7')) || (await serverIsMissing('mariadb-10.11')))(
  "mysqldump is MariaDB's, as Debian's default-mysql-client (F11)",
  async () => {
    const { binDir } = await sharedServer('mariadb-10.11');
    const { code, message } = await checkWith('mysql-9.7', binDir);
    expect(code).toBe(2);
    expect(message).toContain(`No mysqldump of MySQL was found. Installed are mariadb-dump 10.11.`);
    expect(message).toContain(`(${binDir}/mariadb-dump)`);
  },
);

test.skipIf(await serverIsMissing('mariadb-10.11'))('mariadb-dump is not there', async () => {
  const { code, message, hint } = await checkWith('mariadb-10.11', '/nonexistent');
  expect({ code, message: message.slice(0, 'No mariadb-dump of MariaDB was found.'.length) }).toEqual({
    code: 2,
    message: 'No mariadb-dump of MariaDB was found.',
  });
  expect(hint).toBe(
    here({
      debian: 'apt install mariadb-client',
      ubuntu: 'apt install mariadb-client',
      redhat: 'dnf install mariadb',
      none: 'Install mariadb-dump of MariaDB, or put the directory that holds them on PATH.',
    }),
  );
});

test.skipIf(await serverIsMissing('mariadb-10.11'))('TMPDIR is not there', async () => {
  const server = await sharedServer('mariadb-10.11');
  const space = await workspace({ instances: [{ id: 'db', server }] });
  const result = await space.vya(['check'], { env: { TMPDIR: '/nonexistent' }, measured: false });
  await space.remove();
  expect(reported(result, 'db')).toEqual({
    code: 2,
    message: 'Cannot make a private directory in /nonexistent: it does not exist',
    hint: 'Make that directory, make it writable and make room in it, or set TMPDIR to another one: TMPDIR=/var/tmp vya …',
  });
});

describe('the command that installs them', () => {
  const missing = {
    programs: 'pg_dump of PostgreSQL 18',
    packages: { debian: 'client-deb', ubuntu: 'client-ubuntu', redhat: 'client-rpm' },
    notes: { debian: 'More.' },
  };
  test.each([
    ['Debian', 'ID=debian\n', 'apt install client-deb\nMore.'],
    ['Ubuntu', 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n', 'apt install client-ubuntu'],
    ['Mint', 'ID=linuxmint\nID_LIKE="ubuntu debian"\n', 'apt install client-ubuntu'],
    ['Raspberry Pi OS', 'ID=raspbian\nID_LIKE=debian\n', 'apt install client-deb\nMore.'],
    ['Rocky', `ID="rocky"\nID_LIKE="rhel centos fedora"\n`, 'dnf install client-rpm'],
    ['Fedora', 'ID=fedora\n', 'dnf install client-rpm'],
    [
      'Alpine',
      'ID=alpine\n',
      'Install pg_dump of PostgreSQL 18, or put the directory that holds them on PATH.',
    ],
    [
      'no system that says so',
      '',
      'Install pg_dump of PostgreSQL 18, or put the directory that holds them on PATH.',
    ],
  ])('on %s', (_, release, hint) => {
    expect(installHint(missing, release)).toBe(hint);
  });
});
