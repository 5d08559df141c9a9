import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { serverIsMissing, sharedServer } from '../servers/servers.ts';
import {
  type HttpReceiver,
  mailAuthority,
  type MailReceiver,
  receiveHttp,
  receiveMail,
} from './receivers.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { workspace, type Workspace } from './vya.ts';

const kind = 'postgresql-15';
const login = { user: 'mailer', password: 'p#w "quoted" 密码' };

interface Document {
  event: string;
  summary: string;
  databases: { database?: string; result: string; error?: { kind: string; message: string } }[];
}

describe.skipIf(await serverIsMissing(kind))('telling', () => {
  let space: Workspace;
  let http: HttpReceiver;
  let smtp: MailReceiver;
  let inside: TestDatabase;

  beforeAll(async () => {
    const server = await sharedServer(kind);
    inside = await createTestDatabase(server, 'told', 'CREATE TABLE kept (id int PRIMARY KEY)');
    http = await receiveHttp();
    smtp = await receiveMail(login);
    const settings = { databases: ['told'] };
    space = await workspace({ instances: [{ id: 'main', server, settings }] });
    const stored = await space.vya(['credentials', 'set', 'mail', '--username', login.user], {
      input: `${login.password}\n`,
    });
    expect(stored.code, stored.stderr).toBe(0);
  });
  afterAll(async () => {
    await http.close();
    await smtp.close();
    await space.remove();
    await inside.drop();
  });
  beforeEach(async () => {
    http.received.length = 0;
    smtp.mails.length = 0;
    await space.configure({ notify: notify() });
  });

  function notify(mail: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      ping: { url: `${http.url}/ping/7e0c?rid=1` },
      webhook: { url: `${http.url}/hooks/secret-path` },
      mail: {
        host: '127.0.0.1',
        port: smtp.port,
        ca: mailAuthority,
        credential: 'mail',
        from: 'vya@db01.example.org',
        on_failure: ['dba@example.org', 'boss@example.org'],
        on_success: ['log@example.org'],
        ...mail,
      },
    };
  }

  function document(): Document {
    const posted = http.received.find(({ path }) => path === '/hooks/secret-path');
    expect(posted?.contentType).toBe('application/json');
    return JSON.parse(posted?.body ?? '') as Document;
  }

  test('a run that succeeds: start and success ping, a document, and a mail over TLS to those who want success', async () => {
    const { code, stdout, stderr } = await space.vya(['backup']);
    expect(code, stdout + stderr).toBe(0);
    expect(http.received.map(({ path }) => path).toSorted()).toEqual([
      '/hooks/secret-path',
      '/ping/7e0c/start?rid=1',
      '/ping/7e0c?rid=1',
    ]);
    expect(document()).toMatchObject({ event: 'success', databases: [{ database: 'told', result: 'ok' }] });
    const [mail, ...others] = smtp.mails;
    expect(others).toEqual([]);
    expect(mail).toMatchObject({ to: ['log@example.org'], encrypted: true, user: login.user });
    expect(mail?.text).toMatch(/^Subject: vya on .*: 1 backed up\r$/m);
    expect(mail?.text).toMatch(/^ {2}main\/told, 0\.0 MB in \d/m);
  });

  test('a run that fails tells the others, and why; no password is in what it says', async () => {
    const { code } = await space.vya(['backup', '--database', 'told', '--database', 'no_such_database']);
    expect(code).toBe(1);
    expect(http.received.map(({ path }) => path)).toContain('/ping/7e0c/fail?rid=1');
    const { event, summary, databases } = document();
    expect([event, summary]).toEqual(['failure', expect.stringMatching(/FAILED: 1 of 2$/) as string]);
    expect(databases.find(({ result }) => result === 'failed')?.error?.message).toContain('no_such_database');
    expect(smtp.mails.map(({ to }) => to)).toEqual([['dba@example.org', 'boss@example.org']]);
    expect(smtp.mails[0]?.text).toContain('Failed:');
    expect(JSON.stringify([http.received, smtp.mails])).not.toContain(login.password);
  });

  test('what may pass is tried again; what cannot be told is said, and fails no backup', async () => {
    http.answers.push(503, 503);
    const passed = await space.vya(['backup']);
    expect(passed.code, passed.stderr).toBe(0);
    expect(passed.stdout).not.toContain('could not tell');
    await space.configure({ notify: notify({ ca: undefined, on_success: ['log@example.org'] }) });
    http.answers.push(...Array.from({ length: 20 }, () => 404));
    const { code, stdout, stderr } = await space.vya(['backup']);
    http.answers.length = 0;
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/could not tell that the run ended: webhook: 127\.0\.0\.1:\d+ answered 404/);
    expect(stdout).toMatch(
      /could not tell that the run ended: mail: mail by 127\.0\.0\.1:\d+ failed: .*certificate/,
    );
    expect(stdout + stderr).not.toContain('secret-path');
    expect(smtp.mails.length).toBe(1);
  });

  test('notify test reaches everybody, and says who could not be reached', async () => {
    const all = await space.vya(['notify', 'test']);
    expect([all.code, all.stdout]).toEqual([0, 'ping: delivered\nwebhook: delivered\nmail: delivered\n']);
    expect(smtp.mails[0]?.to).toEqual(['dba@example.org', 'boss@example.org', 'log@example.org']);
    await space.configure({ notify: { webhook: { url: 'http://127.0.0.1:1/x' } } });
    const none = await space.vya(['notify', 'test']);
    expect([none.code, none.stdout]).toEqual([
      2,
      expect.stringMatching(/^webhook: FAILED: 127\.0\.0\.1:1 cannot be reached: /) as string,
    ]);
    await space.configure({});
    const nobody = await space.vya(['notify', 'test']);
    expect([nobody.code, nobody.stderr]).toEqual([
      3,
      expect.stringContaining('Nobody is to be told') as string,
    ]);
  });

  test('the configuration is shown without what stands behind the host of such an address', async () => {
    const { stdout } = await space.vya(['config', 'show']);
    expect(stdout).toContain(`${http.url}/********`);
    expect(stdout).not.toContain('secret-path');
    expect(stdout).not.toContain('7e0c');
  });

  describe('hooks', () => {
    let script: string;
    let log: string;

    beforeAll(async () => {
      script = join(space.path, 'hook.sh');
      log = join(space.path, 'hook.log');
      const body = `#!/bin/sh\necho "$VYA_EVENT|$VYA_INSTANCE|$VYA_DATABASE|$VYA_RESULT|$#|$1" >> '${log}'\nenv >> '${log}.env'\n[ "$1" != fail ]\n`;
      await writeFile(script, body, { mode: 0o755 });
    });
    beforeEach(() => writeFile(log, ''));

    const told = async (): Promise<string[]> => (await readFile(log, 'utf8')).trim().split('\n');
    const all = ['before_run', 'before_database', 'after_database', 'on_success', 'on_failure', 'after_run'];
    const hooks = (argument: string, failing?: string): Record<string, unknown> =>
      Object.fromEntries(all.map((name) => [name, [[script, name === failing ? 'fail' : argument]]]));

    test('run in their order, without a shell, and know what they run for', async () => {
      await space.configure({ hooks: hooks('$HOME; exit 1') });
      const { code, stderr } = await space.vya(['backup'], {
        env: { VYA_LOG_LEVEL: 'INFO', SECRET: 'canary' },
      });
      expect(code, stderr).toBe(0);
      expect(await told()).toEqual([
        'before_run||||1|$HOME; exit 1',
        'before_database|main|told||1|$HOME; exit 1',
        'after_database|main|told|ok|1|$HOME; exit 1',
        'on_success|||ok|1|$HOME; exit 1',
        'after_run|||ok|1|$HOME; exit 1',
      ]);
      expect(await readFile(`${log}.env`, 'utf8')).not.toContain('canary');
    });

    test('before the run: one that fails ends it, and that is told', async () => {
      await space.configure({ hooks: hooks('x', 'before_run'), notify: notify() });
      const { code, stderr } = await space.vya(['backup']);
      expect([code, stderr]).toEqual([
        2,
        expect.stringContaining('The before_run hook failed: hook.sh exited with 1') as string,
      ]);
      expect((await told()).map((line) => line.split('|')[0])).toEqual([
        'before_run',
        'on_failure',
        'after_run',
      ]);
      expect(document().summary).toContain('FAILED: The before_run hook failed');
    });

    test('before a database: that backup fails; after it: a warning', async () => {
      await space.configure({ hooks: hooks('x', 'before_database') });
      const before = await space.vya(['backup']);
      expect([before.code, before.stdout]).toEqual([
        2,
        expect.stringContaining('The before_database hook failed') as string,
      ]);
      await space.configure({ hooks: hooks('x', 'after_database') });
      const after = await space.vya(['backup']);
      expect([after.code, after.stdout]).toEqual([
        0,
        expect.stringContaining('The after_database hook failed') as string,
      ]);
    });

    test('one that hangs is ended', async () => {
      await writeFile(join(space.path, 'hang.sh'), '#!/bin/sh\nsleep 600\n', { mode: 0o755 });
      await space.configure({ hooks: { before_run: [[join(space.path, 'hang.sh')]], timeout: 1 } });
      const { code, stderr } = await space.vya(['backup']);
      expect([code, stderr]).toEqual([
        2,
        expect.stringContaining('hang.sh did not answer within 1 s') as string,
      ]);
    });

    test('do not run for a dry run', async () => {
      await space.configure({ hooks: hooks('x'), notify: notify() });
      expect((await space.vya(['backup', '--dry-run'])).code).toBe(0);
      expect(await told()).toEqual(['']);
      expect(http.received).toEqual([]);
    });
  });
});
