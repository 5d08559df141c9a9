import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Enclosure } from './enclosure.ts';
import { bootMachine, machineIsMissing } from './machine.ts';

describe.skipIf(await machineIsMissing('a machine with systemd'))('a machine with systemd', () => {
  let machine: Enclosure;

  beforeAll(async () => (machine = await bootMachine()));
  afterAll(() => machine.end());

  test('has started its servers, by units of their own', async () => {
    expect(await readFile(`/proc/${machine.pid}/comm`, 'utf8')).toBe('systemd\n');
    expect(
      (await machine.enter(['systemctl', 'list-units', '--failed', '--plain', '--no-legend'])).stdout,
    ).toBe('');
    const units = ['mariadb', 'postgresql@15-main', 'cron', 'systemd-journald'];
    const { stdout } = await machine.enter(['systemctl', 'is-active', ...units]);
    expect(stdout.trim().split('\n')).toEqual(units.map(() => 'active'));
    const timers = await machine.enter(['systemctl', 'list-timers', '--no-legend']);
    expect(timers.stdout.trim().split('\n')).toEqual([
      expect.stringContaining('systemd-tmpfiles-clean.timer'),
    ]);
  });

  test('runs transient timers, shuts a service in, and keeps what it prints', async () => {
    const hardened = ['-p', 'ProtectSystem=strict', '-p', 'PrivateTmp=yes', '-p', 'PrivateDevices=yes'];
    const service = ['sh', '-c', 'touch /tmp/mine; touch /etc/not-mine; echo said'];
    const timer = [
      'systemd-run',
      '--on-active=100ms',
      '--timer-property=AccuracySec=1ms',
      '--unit=tried',
      '-p',
      'Type=oneshot',
      ...hardened,
    ];
    expect((await machine.enter([...timer, ...service])).code).toBe(0);
    const journal = async (): Promise<string> =>
      (await machine.enter(['journalctl', '-u', 'tried.service', '-o', 'cat'])).stdout;
    await expect.poll(journal, { timeout: 60_000 }).toContain('said');
    expect(await journal()).toContain('Read-only file system');
    await expect(access(join(machine.folder, 'tmp/mine'))).rejects.toThrow('ENOENT');
  });

  test('cannot set the clock or the kernel of the machine that it runs on', async () => {
    expect((await machine.enter(['cat', '/proc/1/status'])).stdout).toMatch(/^CapBnd:\t[0-9a-f]+$/m);
    expect(
      (await machine.enter(['systemd-run', '--wait', '--quiet', 'date', '-s', '2001-01-01'])).code,
    ).not.toBe(0);
    expect((await machine.enter(['sh', '-c', 'echo 1 > /proc/sys/kernel/sysrq'])).code).not.toBe(0);
  });

  test('leaves nothing behind', async () => {
    const other = await bootMachine();
    const cgroups = await readFile(`/proc/${other.pid}/cgroup`, 'utf8');
    const name = /^0::.*(vya-test-[\w-]+)/m.exec(cgroups)?.[1] as string;
    const mounts = await readFile('/proc/self/mounts', 'utf8');
    const hierarchy = mounts
      .split('\n')
      .find((line) => line.split(' ')[2] === 'cgroup2')
      ?.split(' ')[1] as string;
    expect(await readdir(hierarchy)).toContain(name);
    await other.end();
    expect(await readdir(hierarchy)).not.toContain(name);
    expect(mounts).not.toContain('vya-test on');
  });
});
