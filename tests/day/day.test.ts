import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mailAuthority } from '../cli/receivers.ts';
import type { Enclosure } from '../debian/enclosure.ts';
import { bootMachine, machineIsMissing } from '../debian/machine.ts';
import { type Listener, listen } from './listen.ts';
import { installVya, operatorOf, type Operator } from './operator.ts';
import { configureForCron, hook, hookLog, mailLogin, textfile, watching } from './settings.ts';
import { contentsOfMariadb, contentsOfPostgresql, createSources } from './sources.ts';

interface Document {
  event: string;
  summary: string;
  databases: { instance: string; database?: string; result: string; error?: { message: string } }[];
}

const missing = await machineIsMissing("an operator's day, by a real systemd and a real cron");
/** Hours in which this test has ended: the timer's own hour must not come meanwhile. */
const [hour, otherHour] = [6, 12].map((later) =>
  String((new Date().getUTCHours() + later) % 24).padStart(2, '0'),
);
const password = { first: 'first p#w "quoted"', second: 'another one' };

// One day: each test goes on where the one before has ended.
describe.skipIf(missing !== undefined)("an operator's day", { timeout: 300_000 }, () => {
  let machine: Enclosure;
  let operator: Operator;
  let listener: Listener;

  beforeAll(async () => {
    machine = await bootMachine();
    operator = operatorOf(machine);
    listener = await listen(machine.pid, mailLogin);
    await createSources(operator);
  });
  afterAll(async () => {
    await listener?.end();
    await machine?.end();
  });

  async function vya(args: string, input?: string, env?: Record<string, string>): Promise<string> {
    const { code, stdout, stderr } = await operator.vya(args.split(' '), input, env);
    expect(code, `${args}\n${stdout}${stderr}`).toBe(0);
    return stdout + stderr;
  }

  async function metric(name: string, labels: string): Promise<number> {
    const line = (await operator.read(textfile))
      .split('\n')
      .find((each) => each.startsWith(`${name}{${labels}}`));
    return Number(line?.split(' ')[1]);
  }

  function nextRunIn(anHour = ''): RegExp {
    return new RegExp(`vya-backup\\.timer, next run \\w+ [\\d-]+ ${anHour}:\\d\\d:\\d\\d UTC`);
  }

  function newest(): Document {
    return JSON.parse(listener.posted.at(-1)?.body ?? '') as Document;
  }

  test('the package installs, and says what comes first', async () => {
    await installVya(machine);
    expect((await operator.vya(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const { code, stderr } = await operator.vya(['backup']);
    expect([code, stderr]).toEqual([3, expect.stringContaining('vya init') as string]);
  });

  test('init, by flags: the account gets what is printed and nothing else, and then all is ready', async () => {
    await operator.mariadb(
      `CREATE USER backup@localhost IDENTIFIED BY '${password.first}'; GRANT SELECT ON *.* TO backup@localhost`,
    );
    const init = ['init', '--type', 'mariadb', '--host', 'localhost', '--username', 'backup'];
    const first = await operator.vya(init, `${password.first}\n`);
    expect(first.code, first.stdout + first.stderr).toBe(9);
    const statements = [...first.stdout.matchAll(/Let an administrator run: (GRANT .*;)$/gm)];
    expect(statements.length).toBeGreaterThan(0);
    for (const [, statement = ''] of statements) await operator.mariadb(statement);
    expect(await vya('check')).toContain('shop');

    await operator.postgresql('CREATE ROLE vya LOGIN');
    const books = ['init', '--id', 'books', '--type', 'postgresql', '--socket', '/run/postgresql'];
    const second = await operator.vya([...books, '--username', 'vya', '--passwordless']);
    expect(second.code, second.stdout + second.stderr).toBe(9);
    const [, statement = ''] = /Let an administrator run: (GRANT .*;)$/m.exec(second.stdout) ?? [];
    await operator.postgresql(statement);
    expect(await vya('check')).toMatch(/shop[^]*ledger[^]*A backup would take 2 databases/);
  });

  test('who is to be told is told', async () => {
    await operator.write('/etc/ssl/mail-ca.pem', await readFile(mailAuthority, 'utf8'));
    const collected = dirname(textfile);
    await operator.sh(`mkdir -p ${collected}; chgrp vya ${collected}; chmod g+w ${collected}`);
    await operator.write('/usr/local/bin/after-backup', hook, 0o755);
    const configuration = await operator.read('/etc/vya/config.yaml');
    await operator.write('/etc/vya/config.yaml', configuration + watching(listener));
    await vya(`credentials set mail --username ${mailLogin.user}`, `${mailLogin.password}\n`);
    await vya('config validate');
    await vya('notify test');
    expect(listener.posted.map(({ path }) => path)).toEqual(['/hooks/vya']);
    expect(listener.mails.map(({ to, encrypted }) => [to, encrypted])).toEqual([
      [['dba@example.org', 'log@example.org'], true],
    ]);
  });

  test('cron, with the bare environment that it gives, runs the line that vya printed: silence, and mail for a failure', async () => {
    // In place of a mail server: cron hands it what was printed.
    await operator.run('install', '-m', '1777', '-d', '/var/mail');
    await operator.write('/usr/sbin/sendmail', '#!/bin/sh\ncat >> /var/mail/vya\n', 0o755);
    for (const socket of ['/run/postgresql', '/run/nowhere']) {
      const config = await configureForCron(operator, socket);
      const table = await vya(`--config ${config} schedule print --cron --at 04:05`);
      expect(table).toMatch(/^5 4 \* \* \* vya /m);
      await operator.write(`/etc/cron.d/${socket.slice(5)}`, table.replace(/^5 4 /m, '* * '));
    }
  });

  test('schedule install: units without a fault, shut in, and a timer that waits for its hour', async () => {
    const said = await vya(`schedule install --at ${hour}:30`);
    expect(said).toContain(`every day at ${hour}:30, UTC time, by systemd`);
    expect(await operator.run('systemd-analyze', 'verify', '--man=no', ...units)).toBe('');
    const security = await operator.run('systemd-analyze', 'security', '--no-pager', 'vya-backup.service');
    const exposure = Number(/exposure level for vya-backup.service: ([\d.]+)/.exec(security)?.[1]);
    expect(exposure).toBeLessThan(3);
    expect(await operator.run('systemctl', 'is-enabled', 'vya-backup.timer')).toBe('enabled\n');
    expect(await vya('schedule status')).toMatch(nextRunIn(hour));
    await vya(`schedule install --at ${otherHour}:15`);
    expect(await vya('schedule status')).toMatch(nextRunIn(otherHour));
    expect(await operator.run('journalctl', '-u', 'vya-backup.service', '-o', 'cat')).toBe('');
  });

  test('a night that was missed is made up for, quietly; status, health, metrics, mail and webhook agree', async () => {
    listener.posted.length = listener.mails.length = 0;
    // Only the random delay is taken out, so that a test need not wait for it.
    await operator.write(
      '/etc/systemd/system/vya-backup.timer.d/at-once.conf',
      '[Timer]\nRandomizedDelaySec=0\n',
    );
    await operator.run('systemctl', 'daemon-reload');
    expect(await operator.missANight()).toMatchObject({
      ActiveState: 'inactive',
      Result: 'success',
      ExecMainStatus: '0',
    });
    const journal = await operator.run('journalctl', '-u', 'vya-backup.service', '-o', 'cat', '-t', 'vya');
    expect(journal).toBe('');
    const status = JSON.parse(await vya('status --format json')) as {
      databases: { database: string; standing: string }[];
    };
    expect(status.databases.map(({ database, standing }) => [database, standing])).toEqual([
      ['ledger', 'current'],
      [null, 'current'],
      ['shop', 'current'],
      [null, 'current'],
    ]);
    expect(await vya('health')).toMatch(/^VYA OK: 4 databases/);
    expect(
      await metric('vya_backup_last_success_timestamp_seconds', 'instance="main",database="shop"'),
    ).toBeGreaterThan(0);
    expect(listener.mails.map(({ to, encrypted }) => [to, encrypted])).toEqual([[['log@example.org'], true]]);
    expect(newest()).toMatchObject({ event: 'success' });
    expect(await operator.read(hookLog)).toBe('ok|whole $HOME\n');
    expect(await operator.read('/var/log/vya/vya.log')).toContain('shop');
    expect(await operator.sh('cat /var/backups/vya/.audit/*')).toContain('"action":"backup"');
  });

  test('what it backed up restores beside the sources, and is the same', async () => {
    await operator.mariadb(`GRANT ALL ON *.* TO keeper@localhost IDENTIFIED BY 'keeps' WITH GRANT OPTION`);
    await vya('credentials set admin --username keeper', 'keeps\n');
    await vya(
      'restore --instance main --database shop --latest --target-database shop_again --credential admin',
    );
    expect(await contentsOfMariadb(operator, 'shop_again')).toBe(await contentsOfMariadb(operator, 'shop'));
    await operator.postgresql('ALTER ROLE vya CREATEDB');
    // Started by root, vya goes on as another user: what it unpacks, its programs must still be able to read.
    const apart = '--target-database ledger_again --no-owner --no-acl --jobs 2';
    await vya(`restore --instance books --database ledger --latest ${apart}`);
    expect(await contentsOfPostgresql(operator, 'ledger_again')).toBe(
      await contentsOfPostgresql(operator, 'ledger'),
    );
    await operator.mariadb('DROP DATABASE shop_again');
    await operator.postgresql('DROP DATABASE ledger_again');
  });

  test('a password that was changed: the next run fails, and says so by mail, webhook, metric, health and systemctl', async () => {
    const labels = 'instance="main",database="shop"';
    const before = await metric('vya_backup_last_success_timestamp_seconds', labels);
    await operator.mariadb(`ALTER USER backup@localhost IDENTIFIED BY '${password.second}'`);
    listener.posted.length = listener.mails.length = 0;
    expect(await operator.missANight()).toMatchObject({
      ActiveState: 'failed',
      Result: 'exit-code',
      ExecMainStatus: '1',
    });

    expect(listener.mails.map(({ to, encrypted }) => [to, encrypted])).toEqual([[['dba@example.org'], true]]);
    expect(listener.mails[0]?.text).toMatch(/^Subject: vya on bare: FAILED/m);
    const unfolded = listener.mails[0]?.text.replaceAll('=\r\n', '');
    expect(unfolded).toMatch(/^ {2}main: cannot connect .*access denied/m);
    expect(newest()).toMatchObject({ event: 'failure' });
    expect(newest().databases).toContainEqual(
      expect.objectContaining({ instance: 'books', database: 'ledger', result: 'ok' }),
    );
    expect(await metric('vya_backup_failures_total', 'instance="main",database=""')).toBe(1);
    expect(await metric('vya_backup_last_success_timestamp_seconds', labels)).toBe(before);

    const status = await operator.vya(['status']);
    expect(status.stdout).toMatch(/main +shop .* failed on .* access denied/);
    const shown = await machine.enter(['systemctl', 'status', '--no-pager', 'vya-backup.service']);
    expect(shown.stdout).toMatch(/code=exited, status=1\/FAILURE/);
    expect(shown.stdout).toMatch(/main: .*access denied/);
    const health = await operator.vya(['health']);
    expect([health.code, health.stdout]).toEqual([
      1,
      expect.stringMatching(/^VYA WARNING: main\/shop the last backup failed/),
    ]);
    const everything =
      JSON.stringify([listener, status, shown, health]) + (await operator.read('/var/log/vya/vya.log'));
    for (const secret of Object.values(password)) expect(everything).not.toContain(secret);
  });

  test('cron has run its line meanwhile, every minute', async () => {
    const mailed = async (): Promise<string> => operator.read('/var/mail/vya').catch(() => '');
    await expect.poll(mailed, { timeout: 180_000 }).toContain('/run/nowhere');
    expect(await mailed()).toContain('error: cron: cannot connect to /run/nowhere');
    const good = 'vya --config /etc/vya/by-cron-run-postgresql.yaml list --database ledger --format json';
    const listed = async (): Promise<number> =>
      (JSON.parse(await operator.sh(good)) as { backups: [] }).backups.length;
    await expect.poll(listed, { timeout: 180_000 }).toBeGreaterThan(0);
    await operator.sh('rm /etc/cron.d/*');
    expect(await mailed()).not.toContain('by-cron-run-postgresql');
  });

  test('too long without a backup is critical; once the password is mended, the next run makes all well', async () => {
    const strict = { VYA_HEALTH__CRITICAL_AGE: '1m' };
    await expect
      .poll(async () => (await operator.vya(['health'], '', strict)).code, { timeout: 180_000 })
      .toBe(2);
    const { stdout } = await operator.vya(['health'], '', strict);
    // By now the others may be older than that, too.
    expect(stdout).toMatch(/^VYA CRITICAL: /);
    expect(stdout).toMatch(
      /CRITICAL: main\/shop the last good backup is .* old; the last try failed: .*access denied/,
    );
    await vya('credentials set main --username backup', `${password.second}\n`);
    listener.posted.length = listener.mails.length = 0;
    expect(await operator.missANight()).toMatchObject({
      ActiveState: 'inactive',
      Result: 'success',
      ExecMainStatus: '0',
    });
    expect(await vya('health')).toMatch(/^VYA OK: 4 databases/);
    expect(newest()).toMatchObject({ event: 'success' });
    expect(listener.mails.map(({ to }) => to)).toEqual([['log@example.org']]);
    expect(await operator.run('systemctl', 'list-units', '--failed', '--plain', '--no-legend', 'vya*')).toBe(
      '',
    );
  });

  test('schedule remove leaves nothing to run, and nothing that failed', async () => {
    await operator.mariadb('DROP USER backup@localhost');
    await operator.missANight();
    expect(await vya('schedule remove')).toContain('Removed /etc/systemd/system/vya-backup.timer');
    expect(await operator.run('systemctl', 'list-units', '--all', '--plain', '--no-legend', 'vya*')).toBe('');
    expect((await operator.vya(['schedule', 'status'])).code).toBe(7);
  });
});

const units = ['/etc/systemd/system/vya-backup.service', '/etc/systemd/system/vya-backup.timer'];
