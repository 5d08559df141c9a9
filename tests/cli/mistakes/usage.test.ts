import { describe, expect, test } from 'vitest';
import { runVya } from '../vya.ts';
import { told } from './told.ts';

const login =
  'Logins are stored, encrypted, and stand on no command line: vya credentials set ID --username NAME';
const server = 'Servers stand in the configuration: vya init adds one, and --instance ID chooses one.';

describe('options of other tools', () => {
  test.each([
    [
      'backup --all-databases',
      `Unknown option '--all-databases'`,
      'Everything that is configured is backed up when nothing is chosen: vya backup',
    ],
    ['restore --all-databases', `Unknown option '--all-databases'`, 'That is --all here.'],
    ['backup -u root -p', `Unknown option '-u'`, login],
    ['check --user root', `Unknown option '--user'`, login],
    ['backup --host db1', `Unknown option '--host'`, server],
    ['backup -P 3306', `Unknown option '-P'`, server],
    ['backup -h localhost', '-h prints the help, and takes no “localhost”', server],
    ['backup --databases shop', `Unknown option '--databases'`, 'A database is named by --database NAME.'],
    [
      'backup --result-file x.sql',
      `Unknown option '--result-file'`,
      'Backups go to storage.base_path of the configuration; for one run elsewhere: VYA_STORAGE__BASE_PATH=/PATH vya backup',
    ],
    ['backup -j 4', `Unknown option '-j'`, 'That is --jobs N here.'],
    ['restore --yes', `Unknown option '--yes'`, 'That is --force here.'],
    ['backup --table t', `Unknown option '--table'`, 'vya takes whole databases.'],
    ['list --json', `Unknown option '--json'`, 'That is --format json here.'],
    [
      'backup --rehaerse',
      `Unknown option '--rehaerse'`,
      'Did you mean --rehearse? vya backup --help shows what it takes.',
    ],
  ])('vya %s', async (line, message, hint) => {
    expect(told(await vya(line))).toEqual({ code: 3, message, hint });
  });

  test.each([
    ['backup --password=canary-word', '--password', login],
    ['backup -pcanary-word', '-p', login],
    [
      'credentials set x --username a --password=canary-word',
      '--password',
      'Everybody on this machine could read it there: leave it out, and vya asks for the password, or reads one line from stdin.',
    ],
  ])('vya %s does not repeat the password', async (line, option, hint) => {
    const result = await vya(line);
    expect(told(result)).toEqual({ code: 3, message: `Unknown option '${option}'`, hint });
    expect(result.stderr).not.toContain('canary');
  });
});

describe('words that stand alone', () => {
  test.each([
    ['backup shop', 'backup', 'shop', 'A database is named by an option: vya backup --database shop'],
    [
      'restore shop',
      'restore',
      'shop',
      'A database is named by an option: vya restore --instance ID --database shop --latest',
    ],
    [
      'restore /srv/vya/prod/shop/20260109T020000Z',
      'restore',
      '/srv/vya/prod/shop/20260109T020000Z',
      "A backup's directory is named by --file /srv/vya/prod/shop/20260109T020000Z",
    ],
    [
      'verify shop/20260109T020000Z',
      'verify',
      'shop/20260109T020000Z',
      'A backup is named by --id shop/20260109T020000Z',
    ],
    ['check prod', 'check', 'prod', 'A server is named by an option: vya check --instance prod'],
    ['metrics prod', 'metrics', 'prod', 'vya metrics --help shows what it takes.'],
  ])('vya %s', async (line, command, word, hint) => {
    expect(told(await vya(line))).toEqual({
      code: 3,
      message: `vya ${command} does not know what to do with “${word}”`,
      hint,
    });
  });
});

describe('commands', () => {
  test.each([
    ['dump', `Unknown command 'dump'`, 'That is vya backup here.'],
    ['import', `Unknown command 'import'`, 'That is vya restore here.'],
    ['bakup', `Unknown command 'bakup'`, 'Did you mean backup? vya --help lists the commands.'],
    ['', 'No command given.', 'vya --help lists the commands.'],
    ['credentials', 'vya credentials is several commands: which one?', 'vya credentials --help lists them.'],
    [
      'credentials set prod',
      `Required option '--username <name>' not specified`,
      'vya credentials set --help shows what it takes.',
    ],
    [
      'backup --jobs 0',
      `Option '--jobs <n>' argument '0' is invalid. It must be a whole number from 1 up.`,
      'vya backup --help shows what it takes.',
    ],
  ])('vya %s', async (line, message, hint) => {
    expect(told(await vya(line))).toEqual({ code: 3, message, hint });
  });

  test('-h alone prints the help, before and behind a command', async () => {
    for (const line of ['-h', 'backup -h', '-h backup', 'users -h restore']) {
      const { code, stdout } = await vya(line);
      expect({ line, code, usage: stdout.slice(0, 6) }).toEqual({ line, code: 0, usage: 'Usage:' });
    }
  });
});

function vya(line: string): ReturnType<typeof runVya> {
  return runVya(
    line.split(' ').filter((word) => word !== ''),
    { measured: false },
  );
}
