import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findMysqlPrograms } from '../../../src/db/mysql/programs.ts';
import {
  chooseByVersion,
  findInstalled,
  parseOptions,
  parseProgramVersion,
} from '../../../src/db/programs.ts';
import { serverIsMissing, sharedServer } from '../../servers/servers.ts';

const real = [
  ['mysqldump  Ver 9.7.4-2 for Linux on x86_64 ((Debian))', 'mysql', '9.7.4'],
  [
    '/usr/local/mysql/bin/mysqldump  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)',
    'mysql',
    '8.0.36',
  ],
  ['mysqldump  Ver 10.13 Distrib 5.7.44, for Linux (x86_64)', 'mysql', '5.7.44'],
  ['mysqldump  Ver 10.19 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)', 'mariadb', '10.11.19'],
  ['mysqldump from 11.4.2-MariaDB, client 10.19 for debian-linux-gnu (x86_64)', 'mariadb', '11.4.2'],
  ['mariadb-dump from 11.8.3-MariaDB, client 10.19 for Linux (x86_64)', 'mariadb', '11.8.3'],
  [
    'mariadb  Ver 15.1 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64) using  EditLine wrapper',
    'mariadb',
    '10.11.19',
  ],
  ['pg_dump (PostgreSQL) 18.4 (Debian 18.4-1)', 'postgresql', '18.4'],
] as const;

const mariadbIsMissing = await serverIsMissing('mariadb-10.11');

describe('client programs', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vya-test-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** A program that answers as a client of that version would. */
  async function program(place: string, name: string, version: string, exit = 0): Promise<string> {
    const directory = path.join(folder, place);
    await mkdir(directory, { recursive: true });
    const file = path.join(directory, name);
    const help = '  -q, --quick  Fast.\\n  --ignore-views\\n                      --not-an-option here\\n';
    await writeFile(
      file,
      `#!/bin/sh\ncase "$*" in *--version) echo '${version}';; *) printf '${help}';; esac\nexit ${exit}\n`,
    );
    await chmod(file, 0o755);
    return file;
  }

  it.each(real)('are told apart by what they say: %s', (text, flavour, version) => {
    expect(parseProgramVersion(text)).toMatchObject({ flavour, version: { text: version } });
  });

  it('list their options, and not what explanations mention', () => {
    expect([
      ...parseOptions(
        '  -A, --all-databases Dump all.\n  --skip_this=#  Text\n                      --opt and more\n-v, --verbose\n',
      ),
    ]).toEqual(['all-databases', 'skip-this', 'verbose']);
  });

  it('are found on PATH and in places with a version in their name, once each, without the broken ones', async () => {
    const first = await program('path', 'mysqldump', 'mysqldump  Ver 9.7.4 for Linux on x86_64');
    await mkdir(path.join(folder, 'links'), { recursive: true });
    await symlink(first, path.join(folder, 'links', 'mysqldump'));
    const old = await program('mysql-8.0/bin', 'mysqldump', 'mysqldump  Ver 8.0.36 for Linux on x86_64');
    await program('mysql-7.0/bin', 'mysqldump', 'mysqldump  Ver 7.0.0 for Linux on x86_64', 3);
    await program('mysql-6.0/bin', 'mysqldump', 'no version at all');
    const found = await findInstalled(
      ['mariadb-dump', 'mysqldump'],
      [path.join(folder, 'mysql-*/bin'), path.join(folder, 'nowhere')],
      {
        PATH: `${path.join(folder, 'path')}:${path.join(folder, 'links')}:relative`,
      },
    );
    expect(found.map(({ path: file, version }) => [file, version.text])).toEqual([
      [first, '9.7.4'],
      [old, '8.0.36'],
    ]);
    expect(found[0]?.options).toEqual(new Set(['quick', 'ignore-views']));
  });

  it('are chosen of the server’s own line, else of the nearest newer, else the newest (F11)', () => {
    const of = (text: string) => ({
      name: 'x',
      path: text,
      flavour: 'mariadb' as const,
      options: new Set<string>(),
      version: parseProgramVersion(`x ${text}`)!.version,
    });
    const line = ({ major, minor }: { major: number; minor: number }) => major * 1000 + minor;
    const choose = (server: string, ...installed: string[]) =>
      chooseByVersion(installed.map(of), of(server).version, line)?.version.text;
    expect(choose('10.11.4', '11.4.2', '10.11.1', '10.11.9', '10.5.0')).toBe('10.11.9');
    expect(choose('10.11.4', '11.8.2', '11.4.2', '10.5.0')).toBe('11.4.2');
    expect(choose('11.4.4', '10.5.0', '10.11.9')).toBe('10.11.9');
    expect(choose('11.4.4')).toBeUndefined();
  });

  it.skipIf(mariadbIsMissing)(
    'of the other flavour are refused, with the package that is missing (F11)',
    async () => {
      const { binDir } = await sharedServer('mariadb-10.11');
      const version = { text: '99.9.9', major: 99, minor: 9, patch: 9 };
      const chosen = await findMysqlPrograms({ flavour: 'mariadb', version }, { PATH: binDir });
      expect(chosen.dump.flavour).toBe('mariadb');
      expect(chosen.load.flavour).toBe('mariadb');
      expect(path.basename(chosen.dump.path)).toBe('mariadb-dump');
    },
  );

  it('that are missing are an error with the package to install', async () => {
    const version = { text: '99.9.9', major: 99, minor: 9, patch: 9 };
    const only = await program(
      'only',
      'mysqldump',
      'mysqldump  Ver 10.19 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)',
    );
    const looking = findMysqlPrograms({ flavour: 'mysql', version }, { PATH: path.dirname(only) });
    await expect(looking).rejects.toMatchObject({
      kind: 'failed',
      hint: expect.stringContaining('mysql-client') as string,
    });
    await expect(looking).rejects.toThrow(/No mysqldump of MySQL was found/);
    await expect(looking).rejects.toThrow(`mysqldump 10.11.19 (${only})`);
  });
});
