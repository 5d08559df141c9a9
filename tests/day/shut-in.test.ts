import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Enclosure } from '../debian/enclosure.ts';
import { bootMachine, machineIsMissing } from '../debian/machine.ts';
import { installVya, operatorOf, type Operator } from './operator.ts';

const missing = await machineIsMissing('units that shut vya in, under a real systemd');
const config = '/etc/vya/shut-in.yaml';
const service = 'vya-backup.service';

describe.skipIf(missing !== undefined)('a unit that shuts vya in', { timeout: 300_000 }, () => {
  let machine: Enclosure;
  let operator: Operator;

  beforeAll(async () => {
    machine = await bootMachine();
    operator = operatorOf(machine);
    await installVya(machine);
    await operator.postgresql('CREATE ROLE root LOGIN');
    await operator.postgresql('GRANT pg_read_all_data TO root');
    await operator.postgresql('CREATE DATABASE shop');
  });
  afterAll(() => machine?.end());
  beforeEach(() => operator.run('install', '-d', '-m', '0700', '/srv/backups'));
  afterEach(() => operator.vya(['--config', config, 'schedule', 'remove']));

  /** Writes a configuration, and units for it. */
  async function schedule(settings: Record<string, unknown>, ...flags: string[]): Promise<void> {
    const instances = [{ id: 'main', type: 'postgresql', socket: '/run/postgresql', user: 'root' }];
    const storage = { base_path: '/srv/backups' };
    await operator.write(config, stringify({ instances, storage, ...settings }), 0o600);
    const { code, stdout, stderr } = await operator.vya([
      '--config',
      config,
      'schedule',
      'install',
      ...flags,
    ]);
    expect(code, stdout + stderr).toBe(0);
    const units = [service, 'vya-backup.timer'].map((name) => `/etc/systemd/system/${name}`);
    expect(await operator.run('systemd-analyze', 'verify', '--man=no', ...units)).toBe('');
  }

  /** Lets systemd run it once; gives its exit code and what the journal has of it. */
  async function started(): Promise<[code: number, journal: string]> {
    await machine.enter(['systemctl', 'start', service]);
    const shown = await operator.run('systemctl', 'show', service, '--property=ExecMainStatus,InvocationID');
    const [, code = ''] = /^ExecMainStatus=(\d+)$/m.exec(shown) ?? [];
    const [, id = ''] = /^InvocationID=(\w+)$/m.exec(shown) ?? [];
    return [Number(code), await operator.run('journalctl', '-o', 'cat', `_SYSTEMD_INVOCATION_ID=${id}`)];
  }

  const outside = (path: string): string => join(machine.folder, path);

  test('lets it write storage, log and metrics, whatever these are called, and nothing else', async () => {
    const awful = `/srv/it's "50%" $HOME \\ é`;
    await operator.run('install', '-d', awful, `${awful}/metrics`, `${awful}/log`);
    await operator.write('/srv/hook', '#!/bin/sh\ntouch /srv/by-hook || touch "$1/by-hook"\n', 0o755);
    await schedule({
      storage: { base_path: `${awful}/backups` },
      metrics: { textfile: `${awful}/metrics/vya.prom` },
      logging: { output: `${awful}/log/vya.log` },
      hooks: { after_database: [['/srv/hook', `${awful}/metrics`]] },
    });
    expect(await started()).toEqual([0, '']);
    for (const path of ['metrics/vya.prom', 'log/vya.log', 'backups/main/shop', 'metrics/by-hook']) {
      expect(existsSync(outside(`${awful}/${path}`)), path).toBe(true);
    }
    expect(existsSync(outside('/srv/by-hook'))).toBe(false);
  });

  test('mounts the storage where it is a file system of its own, instead of writing beneath it', async () => {
    const unit = '[Mount]\nWhat=tmpfs\nWhere=/srv/disk\nType=tmpfs\nOptions=mode=700\n';
    await operator.write('/etc/systemd/system/srv-disk.mount', unit);
    await operator.run('install', '-d', '-m', '0700', '/srv/disk');
    await schedule({ storage: { base_path: '/srv/disk' } });
    expect(await operator.sh('findmnt /srv/disk || echo none')).toBe('none\n');
    expect(await started()).toEqual([0, '']);
    expect(await operator.sh('findmnt -n -o FSTYPE /srv/disk; ls /srv/disk/main')).toContain('tmpfs\n');
    await operator.run('umount', '/srv/disk');
    expect(await operator.run('ls', '-A', '/srv/disk')).toBe('');
  });

  test('lets the servers start first when the machine has just been started', async () => {
    const instances = [
      { id: 'main', type: 'postgresql', socket: '/run/postgresql', user: 'root', connect_retries: 0 },
    ];
    await schedule({ instances });
    await operator.write(
      '/etc/systemd/system/postgresql@.service.d/slow.conf',
      '[Service]\nExecStartPre=sleep 3\n',
    );
    await operator.run('systemctl', 'daemon-reload');
    await operator.run('systemctl', 'stop', 'postgresql.service');
    await operator.run('systemctl', 'start', '--no-block', 'postgresql.service');
    expect(await started()).toEqual([0, '']);
  });

  test('leaves it to vya to say that the storage is missing', async () => {
    await schedule({});
    await operator.run('rm', '-r', '/srv/backups');
    const [code, journal] = await started();
    expect([code, journal]).toEqual([5, expect.stringContaining('/srv/backups') as string]);
  });

  test('lets it see what lies in /tmp where something that it needs does', async () => {
    await operator.run('install', '-d', '/tmp/tried');
    await schedule({ storage: { base_path: '/tmp/tried/backups' } });
    expect(await started()).toEqual([0, '']);
    expect(existsSync(outside('/tmp/tried/backups/main/shop'))).toBe(true);
  });

  test('runs it as somebody else, who owns the storage and is known to the server', async () => {
    await operator.sh('useradd --system --create-home keeper');
    await operator.postgresql('CREATE ROLE keeper LOGIN IN ROLE pg_read_all_data');
    const instances = [{ id: 'main', type: 'postgresql', socket: '/run/postgresql', user: 'keeper' }];
    await operator.run('chown', 'keeper', '/srv/backups');
    await operator.sh('touch /etc/vya/shut-in.yaml; chgrp keeper /etc/vya/shut-in.yaml');
    await schedule({ instances }, '--user', 'keeper');
    await operator.run('chmod', '0640', config);
    expect(await started()).toEqual([0, '']);
    expect(await operator.sh('find /srv/backups ! -user keeper')).toBe('');
  });

  test('stopped, it ends what it started and leaves nothing half done', async () => {
    await schedule({ hooks: { before_database: [['sleep', '600']] } });
    await operator.run('systemctl', 'start', '--no-block', service);
    const processes = async (): Promise<string> =>
      (await machine.enter(['ps', '-C', 'sleep', '-o', 'args='])).stdout;
    await expect.poll(processes, { timeout: 60_000 }).toContain('sleep 600');
    await operator.run('systemctl', 'stop', service);
    expect(await processes()).not.toContain('sleep 600');
    const shown = await operator.run('systemctl', 'show', service, '--property=ExecMainStatus,ActiveState');
    expect(shown.split('\n').toSorted()).toEqual(['', 'ActiveState=failed', 'ExecMainStatus=143']);
    await schedule({});
    expect(await started()).toEqual([0, '']);
  });

  test('as the package brings it, it runs without a word more, and goes with the package; the backups stay', async () => {
    await operator.postgresql('CREATE ROLE vya LOGIN IN ROLE pg_read_all_data');
    const instance = { id: 'main', type: 'postgresql', socket: '/run/postgresql', user: 'vya' };
    const shipped = await operator.read('/etc/vya/config.yaml');
    await operator.write('/etc/vya/config.yaml', shipped + stringify({ instances: [instance] }));
    await operator.run('systemctl', 'enable', '--now', 'vya-backup.timer');
    expect(await operator.run('systemd-analyze', 'verify', '--man=no', 'vya-backup.timer', service)).toBe('');
    expect(await started()).toEqual([0, '']);
    expect(await operator.sh('find /var/backups/vya ! -user vya; ls /var/backups/vya/main')).toContain(
      'shop',
    );
    await operator.postgresql('DROP ROLE vya');
    expect((await started())[0]).toBe(6);
    const apt = ['apt-get', '-y', '-qq', '-o', 'APT::Sandbox::User=root'];
    for (const verb of ['remove', 'purge']) await operator.run(...apt, verb, 'vya');
    expect(await operator.run('systemctl', 'list-units', '--all', '--plain', '--no-legend', 'vya*')).toBe('');
    expect(await operator.run('ls', '/var/backups/vya/main')).toContain('shop');
  });
});
