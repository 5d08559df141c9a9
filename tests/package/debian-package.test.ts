import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Enclosure } from '../debian/enclosure.ts';
import { databaseServer, debianIsMissing, debianRoot } from '../debian/root.ts';
import { builtPackage } from './built-package.ts';

const run = promisify(execFile);
const missing = await debianIsMissing('the Debian package');

describe.skipIf(missing)('the Debian package', () => {
  let work: string;
  let file: string;
  let older: string;
  let machine: Enclosure;

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'vya-test-'));
    file = await builtPackage();
    machine = await debianRoot();
    older = await olderPackage();
    await copyFile(file, join(machine.folder, 'tmp/vya.deb'));
    await copyFile(older, join(machine.folder, 'tmp/vya-older.deb'));
  });
  afterAll(async () => {
    await machine.end();
    await rm(work, { recursive: true, force: true });
  });

  /** The same with a lower version, and another configuration than the one that is shipped now. */
  async function olderPackage(): Promise<string> {
    const tree = join(work, 'older');
    const path = join(work, 'older.deb');
    await run('dpkg-deb', ['--raw-extract', file, tree]);
    const control = await readFile(join(tree, 'DEBIAN/control'), 'utf8');
    await writeFile(join(tree, 'DEBIAN/control'), control.replace(/^Version: .*$/m, 'Version: 0.0.1~rc1'));
    await writeFile(
      join(tree, 'etc/vya/config.yaml'),
      'security: { run_as: vya } # as it was shipped once\n',
    );
    await run('dpkg-deb', ['-Zgzip', '-z1', '--root-owner-group', '--build', tree, path]);
    return path;
  }

  /** Runs a command there, and answers what it printed; fails with what it said. */
  async function at(argv: readonly string[] | string, input?: string): Promise<string> {
    const words = typeof argv === 'string' ? ['sh', '-ec', argv] : argv;
    const { code, stdout, stderr } = await machine.enter(words, {
      env: { DEBIAN_FRONTEND: 'noninteractive' },
      ...(input === undefined ? {} : { input }),
    });
    expect(code, `${words.join(' ')}\n${stdout}\n${stderr}`).toBe(0);
    return stdout;
  }

  const apt = (...args: string[]): Promise<string> =>
    at([
      'apt-get',
      '-y',
      '-qq',
      '-o',
      'Dpkg::Options::=--force-confold',
      '-o',
      'APT::Sandbox::User=root',
      ...args,
    ]);
  const modes = (...paths: string[]): Promise<string> => at(['stat', '-c', '%U:%G %a %n', ...paths]);

  describe('as a file', () => {
    const fields = async (): Promise<Record<string, string>> => {
      const { stdout } = await run('dpkg-deb', ['--field', file]);
      return Object.fromEntries(
        [...stdout.matchAll(/^(\S+): (.*)$/gm)].map(([, key, value]) => [key, value]),
      );
    };

    test('says what it is, what it needs, and which client programs it goes with', async () => {
      const { version } = JSON.parse(
        await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
      ) as { version: string };
      const said = await fields();
      expect(said).toMatchObject({ Package: 'vya', Version: version, Section: 'database' });
      expect(file).toMatch(new RegExp(`/vya_${version}_${said['Architecture']}\\.deb$`));
      for (const name of ['default-mysql-client', 'mariadb-client', 'postgresql-client', 'zstd']) {
        expect(said['Recommends']).toContain(name);
      }
      expect(said['Depends']).not.toMatch(/node/i);
    });

    test('holds everything at its place, root’s, and readable for all', async () => {
      const { stdout } = await run('dpkg-deb', ['--contents', file]);
      const lines = stdout.trim().split('\n');
      const listed = lines.map((line) => line.split(/\s+/));
      const paths = listed.map((words) => words.at(-1));
      expect(paths).toEqual(
        expect.arrayContaining([
          './etc/vya/config.yaml',
          './etc/logrotate.d/vya',
          './usr/bin/vya',
          './usr/lib/systemd/system/vya-backup.service',
          './usr/lib/systemd/system/vya-backup.timer',
          './usr/share/bash-completion/completions/vya',
          './usr/share/zsh/vendor-completions/_vya',
          './usr/share/fish/vendor_completions.d/vya.fish',
          './usr/share/man/man1/vya.1.gz',
          './usr/share/doc/vya/copyright',
          './usr/share/doc/vya/changelog.gz',
        ]),
      );
      expect(new Set(listed.map(([, owner]) => owner))).toEqual(new Set(['root/root']));
      expect(new Set(listed.map(([mode]) => mode))).toEqual(
        new Set(['drwxr-xr-x', '-rw-r--r--', '-rwxr-xr-x']),
      );
      expect(lines.filter((line) => line.startsWith('-rwx')).join()).toMatch(/ \.\/usr\/bin\/vya$/);
    });

    test('has sums that are right, a changelog in Debian’s form, and the licences of all that is in it', async () => {
      const tree = join(work, 'again');
      await run('dpkg-deb', ['--raw-extract', file, tree]);
      const sums = await readFile(join(tree, 'DEBIAN/md5sums'), 'utf8');
      expect(sums.trim().split('\n').length).toBeGreaterThan(10);
      await run('md5sum', ['--check', '--strict', '--quiet', 'DEBIAN/md5sums'], { cwd: tree });
      expect(
        gunzipSync(await readFile(join(tree, 'usr/share/doc/vya/THIRD-PARTY-LICENSES.txt.gz'))).toString(),
      ).toMatch(/^knex .*\n[^]*^Node\.js \d+/m);
      const changelog = gunzipSync(await readFile(join(tree, 'usr/share/doc/vya/changelog.gz'))).toString();
      expect(changelog).toMatch(
        /^vya \(\S+\) stable; urgency=medium\n\n {2}\* \S[^]*\n\n -- .* {2}\w{3}, \d\d \w{3} \d{4} /,
      );
    });
  });

  describe('installed', () => {
    beforeAll(() => apt('install', '/tmp/vya-older.deb'));

    test('starts without Node, and says what comes first', async () => {
      expect(await at('vya --version')).toMatch(/^\d+\.\d+\.\d+\n$/);
      const { code, stderr } = await machine.enter(['vya', 'backup']);
      expect(code).toBe(3);
      expect(stderr).toContain('/etc/vya/config.yaml names no database server yet');
      expect(stderr).toContain('vya init');
    });

    test('has a user of its own, to whom backups and passwords belong, and who cannot write the configuration', async () => {
      expect(await at('getent passwd vya')).toMatch(
        /^vya:x:\d{3}:\d{3}:.*:\/nonexistent:\/usr\/sbin\/nologin\n$/,
      );
      expect(
        await modes(
          '/etc/vya',
          '/etc/vya/config.yaml',
          '/etc/vya/secrets',
          '/var/backups/vya',
          '/var/log/vya',
        ),
      ).toBe(
        `root:root 755 /etc/vya
root:vya 640 /etc/vya/config.yaml
vya:vya 700 /etc/vya/secrets
vya:vya 700 /var/backups/vya
vya:adm 750 /var/log/vya
`,
      );
    });

    test('keeps a changed configuration, passwords and the schedule through an upgrade', async () => {
      const instance = '{ id: main, type: postgresql, host: 127.0.0.1 }';
      await at(`printf '%s\\n' 'instances: [${instance}]' >> /etc/vya/config.yaml`);
      await at(['vya', 'credentials', 'set', 'main', '--username', 'backup'], 'a password\n');
      await at(['vya', 'schedule', 'install', '--cron']);
      const before = await at('cat /etc/vya/config.yaml /etc/vya/secrets/credentials.json /etc/cron.d/vya');
      expect(before).toMatch(
        / vya nice .* \/usr\/bin\/vya --config \/etc\/vya\/config.yaml --quiet backup$/m,
      );
      await apt('install', '/tmp/vya.deb');
      expect(await at("dpkg-query -W -f '${Status} ${Version}' vya")).toMatch(
        /^install ok installed (?!0\.0\.1)/,
      );
      expect(await at('cat /etc/vya/config.yaml /etc/vya/secrets/credentials.json /etc/cron.d/vya')).toBe(
        before,
      );
      expect(await modes('/etc/vya/config.yaml', '/etc/vya/secrets/credentials.json')).toBe(
        'root:vya 640 /etc/vya/config.yaml\nvya:vya 600 /etc/vya/secrets/credentials.json\n',
      );
      expect(await at('dpkg --verify vya')).toMatch(/^\?\?5\?+ c \/etc\/vya\/config\.yaml\n$/);
    });

    test('has the units that vya prints, and the words that it completes', async () => {
      const facts = (text: string): string[] =>
        text.split('\n').filter((line) => !/^#|^(OnCalendar|Description)=|^$/.test(line));
      const shipped = await at(
        'cat /usr/lib/systemd/system/vya-backup.service /usr/lib/systemd/system/vya-backup.timer',
      );
      const printed = await at('VYA_LOGGING__OUTPUT=/var/log/vya/vya.log vya schedule print --systemd');
      expect(facts(shipped)).toEqual(facts(printed));
      expect(shipped).toContain('OnCalendar=*-*-* 02:30:00\n');
      for (const [shell, path] of [
        ['bash', 'bash-completion/completions/vya'],
        ['zsh', 'zsh/vendor-completions/_vya'],
        ['fish', 'fish/vendor_completions.d/vya.fish'],
      ] as const) {
        expect(await at(['cat', `/usr/share/${path}`])).toBe(await at(['vya', 'completion', shell]));
      }
    });

    test('is configured again and nothing changes', async () => {
      const listing =
        'find /etc/vya /var/backups/vya /var/log/vya | sort | xargs stat -c "%U:%G %a %n"; getent passwd';
      const before = await at(listing);
      await at(['dpkg-reconfigure', 'vya']);
      expect(await at(listing)).toBe(before);
    });
  });

  test('has units that systemd finds in order, and that nobody enabled', async () => {
    const withSystemd = await debianRoot({ packages: databaseServer });
    try {
      await copyFile(file, join(withSystemd.folder, 'tmp/vya.deb'));
      const installed = await withSystemd.enter(['dpkg', '--install', '/tmp/vya.deb']);
      expect(installed.code, installed.stderr).toBe(0);
      const units = ['vya-backup.service', 'vya-backup.timer'].map(
        (name) => `/usr/lib/systemd/system/${name}`,
      );
      const verified = await withSystemd.enter(['systemd-analyze', 'verify', '--man=no', ...units]);
      expect([verified.code, verified.stdout + verified.stderr]).toEqual([
        0,
        expect.not.stringContaining('vya-backup'),
      ]);
      const enabled = await withSystemd.enter(['systemctl', '--root=/', 'is-enabled', 'vya-backup.timer']);
      expect(enabled.stdout).toBe('disabled\n');
    } finally {
      await withSystemd.end();
    }
  });

  describe('removed', () => {
    beforeAll(async () => {
      const backup = '/var/backups/vya/main/shop/20260109T020000Z';
      await at(
        `install -d -o vya -g vya -m 0700 ${backup} && setpriv --reuid=vya --regid=vya --clear-groups touch ${backup}/manifest.json`,
      );
      await apt('remove', 'vya');
    });

    test('takes the program and its schedule away, and nothing else', async () => {
      expect((await machine.enter(['sh', '-c', 'command -v vya; ls /etc/cron.d/vya'])).stdout).toBe('');
      await at(
        'ls /etc/vya/config.yaml /etc/vya/secrets/credentials.json /var/backups/vya/main/shop/*/manifest.json',
      );
    });

    test('and purged, takes configuration and passwords away, and never a backup', async () => {
      await apt('purge', 'vya');
      expect(
        (await machine.enter(['ls', '-d', '/etc/vya', '/var/log/vya', '/etc/logrotate.d/vya'])).stdout,
      ).toBe('');
      expect(await modes('/var/backups/vya/main/shop/20260109T020000Z/manifest.json')).toMatch(/^vya:vya /);
    });

    test('and installed again, finds its backups', async () => {
      await apt('install', '/tmp/vya.deb');
      expect(await modes('/var/backups/vya', '/etc/vya/config.yaml')).toBe(
        'vya:vya 700 /var/backups/vya\nroot:vya 640 /etc/vya/config.yaml\n',
      );
      await apt('purge', 'vya');
      await at('ls /var/backups/vya/main/shop/*/manifest.json');
    });
  });
});
