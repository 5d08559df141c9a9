import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env as ownEnv } from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runVya, type VyaResult } from './vya.ts';

const run = promisify(execFile);

let space: string;
let image: string;
const awful = `it's "50%" $HOME`;

beforeAll(async () => {
  space = await mkdtemp(join(tmpdir(), 'vya-test-'));
  await mkdir(join(space, awful));
  const config = {
    instances: [{ id: 'prod', type: 'mysql', host: 'db1' }],
    storage: { base_path: join(space, awful, 'storage') },
    metrics: { textfile: join(space, 'metrics/vya.prom') },
  };
  await writeFile(join(space, awful, 'config.yaml'), JSON.stringify(config), { mode: 0o600 });
  // An image in which systemctl is a program of its own: what it was asked is written down.
  await mkdir(join(space, 'bin'));
  const systemctl = `#!/bin/sh\necho "$*" >> '${join(space, 'asked')}'\n`;
  await writeFile(join(space, 'bin/systemctl'), systemctl, { mode: 0o755 });
});
afterAll(() => rm(space, { recursive: true, force: true }));
beforeEach(async () => {
  image = await mkdtemp(join(space, 'image-'));
  await writeFile(join(space, 'asked'), '');
});

function vya(...args: string[]): Promise<VyaResult> {
  const env = { PATH: `${join(space, 'bin')}:${ownEnv['PATH'] ?? ''}`, TZ: 'Europe/Berlin' };
  return runVya(['--config', join(space, awful, 'config.yaml'), 'schedule', ...args], { env });
}

async function printed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await vya('print', ...args);
  expect(code, stderr).toBe(0);
  return stdout;
}

describe('a cron file', () => {
  test('says the time and whose it is, and needs nothing of its surroundings', async () => {
    const text = await printed('--cron', '--at', '04:05', '--user', 'backup');
    expect(text).toContain("Every day at 04:05, by the machine's clock (time zone Europe/Berlin");
    expect(text).toMatch(/^5 4 \* \* \* backup nice -n 10 ionice -c 2 -n 7 \//m);
  });

  test('has a command that a shell reads as it was meant, once cron has taken its percent signs', async () => {
    const text = await printed('--cron');
    const line = text.split('\n').find((each) => /^\d/.test(each)) as string;
    const shell = line.replace(/^.*-n 7 /, '').replaceAll('\\%', '%');
    expect(line.replaceAll('\\%', '')).not.toContain('%');
    const { stdout } = await run('sh', ['-c', `for word in ${shell}; do echo "$word"; done`]);
    expect(stdout.trim().split('\n').slice(2)).toEqual([
      '--config',
      join(space, awful, 'config.yaml'),
      '--quiet',
      'backup',
    ]);
  });
});

describe('a systemd timer', () => {
  test('makes up for missed nights, waits a random while, and gives way', async () => {
    const text = await printed('--systemd', '--at', '23:59');
    for (const line of [
      'OnCalendar=*-*-* 23:59:00 Europe/Berlin',
      'Persistent=true',
      'RandomizedDelaySec=15m',
      'Nice=10',
      'IOSchedulingPriority=7',
      'ProtectSystem=strict',
      'NoNewPrivileges=yes',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });

  test('may write to the storage and the metrics, whatever they are called', async () => {
    const text = await printed('--systemd');
    const inUnit = (path: string): string => path.replaceAll('"', '\\"').replaceAll('%', '%%');
    const [storage, metrics] = [inUnit(join(space, awful, 'storage')), join(space, 'metrics')];
    expect(text).toContain(`RequiresMountsFor="${storage}"\n`);
    expect(text).toContain(`ReadWritePaths="-${storage}" -${metrics}\n`);
    // Only a command line has variables.
    const config = inUnit(join(space, awful, 'config.yaml')).replaceAll('$', () => '$$');
    expect(text).toContain(` --config "${config}" --quiet backup\n`);
  });
});

describe('installing', () => {
  const units = ['vya-backup.service', 'vya-backup.timer'];

  test('into an image: units for everybody to read, enabled, and nothing started', async () => {
    const { code, stdout, stderr } = await vya('install', '--systemd', '--root', image);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('every day at 02:30, Europe/Berlin time, by systemd');
    const directory = join(image, 'etc/systemd/system');
    expect(await readdir(directory)).toEqual(units);
    for (const unit of units) expect((await stat(join(directory, unit))).mode & 0o777).toBe(0o644);
    expect(await readFile(join(space, 'asked'), 'utf8')).toBe(`--root=${image} enable vya-backup.timer\n`);
  });

  test('one kind takes the other away, so that nothing is backed up twice', async () => {
    await vya('install', '--systemd', '--root', image);
    expect((await vya('install', '--cron', '--root', image)).code).toBe(0);
    expect(await readdir(join(image, 'etc/systemd/system'))).toEqual([]);
    const status = await vya('status', '--root', image);
    expect([status.code, status.stdout]).toEqual([
      0,
      expect.stringMatching(/^cron: \/etc\/cron\.d\/vya /) as string,
    ]);
  });

  test('and removing leaves nothing; without a schedule, status ends with 7', async () => {
    await vya('install', '--cron', '--root', image);
    expect((await vya('remove', '--root', image)).stdout).toBe('Removed /etc/cron.d/vya.\n');
    expect(await readdir(join(image, 'etc/cron.d'))).toEqual([]);
    expect((await vya('remove', '--root', image)).stdout).toBe('There was no schedule of vya.\n');
    const { code, stderr } = await vya('status', '--root', image);
    expect([code, stderr]).toEqual([7, expect.stringContaining('vya schedule install') as string]);
  });

  test('knows the timer of the package, which somebody enabled without vya', async () => {
    const wants = join(image, 'etc/systemd/system/timers.target.wants');
    await mkdir(wants, { recursive: true });
    const timer = '/usr/lib/systemd/system/vya-backup.timer';
    await symlink(timer, join(wants, 'vya-backup.timer'));
    expect((await vya('status', '--root', image)).stdout).toContain(`systemd: ${timer}`);
    expect((await vya('remove', '--root', image)).stdout).toBe(`Disabled ${timer}.\n`);
    expect(await readFile(join(space, 'asked'), 'utf8')).toBe(`--root=${image} disable vya-backup.timer\n`);
  });

  test('where it may not write, it says what to do instead', async () => {
    await writeFile(join(image, 'etc'), 'a file');
    const { code, stderr } = await vya('install', '--cron', '--root', image);
    expect([code, stderr]).toEqual([5, expect.stringContaining('Cannot write') as string]);
  });
});

test.each(['2:30', '24:00', '02:60', 'midnight'])('%s is no time of day', async (text) => {
  const { code, stderr } = await vya('print', '--at', text);
  expect([code, stderr]).toEqual([3, expect.stringContaining('such as 02:30') as string]);
});
