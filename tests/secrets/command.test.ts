import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { getCredential, setCredentials } from '../../src/secrets/credentials.ts';
import { hostKey, hostKeyText } from '../../src/secrets/host-key.ts';
import { temporaryDirectory } from './temporary.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const config = `instances:
  - { id: prod, type: mysql, host: db1 }
  - { id: other, type: mysql, host: db1, credential: prod }
`;

/** A working directory with a configuration in it. */
function project(): { cwd: string; path: string; store: Parameters<typeof getCredential>[0] } {
  const cwd = temporaryDirectory();
  mkdirSync(join(cwd, 'config'));
  writeFileSync(join(cwd, 'config/config.yaml'), config, { mode: 0o600 });
  const path = join(cwd, '.secrets/credentials.json');
  return { cwd, path, store: { path, key: hostKey(hostname()) } };
}

function vya(cwd: string, args: string[], input = '', env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [main, ...args], {
    cwd,
    input,
    env: { PATH: process.env['PATH'] ?? '', HOME: cwd, ...env },
    encoding: 'utf8',
  });
}

describe('vya credentials', () => {
  it('sets a login from stdin, for this host, and never prints the password', async () => {
    const { cwd, path, store } = project();
    const { status, stdout, stderr } = vya(
      cwd,
      ['credentials', 'set', 'prod', '--username', 'backup'],
      'p#w 😀\n',
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain(`Stored the credential prod in ${path}`);
    expect(stdout).not.toContain('p#w');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await getCredential(store, 'prod')).toEqual({ username: 'backup', password: 'p#w 😀' });
  });

  it('says of a login that no instance uses it', () => {
    const { cwd } = project();
    expect(vya(cwd, ['credentials', 'set', 'typo', '--username', 'u'], 'pw').stdout).toContain('No instance');
  });

  it.each([
    ['', 3],
    ['one\ntwo\n', 3],
  ])('does not take %j for a password', (input, code) => {
    const { cwd, path } = project();
    expect(vya(cwd, ['credentials', 'set', 'prod', '--username', 'u'], input).status).toBe(code);
    expect(existsSync(path)).toBe(false);
  });

  it('lists who uses what', () => {
    const { cwd } = project();
    vya(cwd, ['credentials', 'set', 'prod', '--username', 'backup'], 'secret-one');
    const { status, stdout } = vya(cwd, ['--format', 'json', 'credentials', 'list']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'ok',
      credentials: [{ id: 'prod', username: 'backup', usedBy: ['prod', 'other'] }],
    });
    expect(vya(cwd, ['credentials', 'list']).stdout).toMatch(/prod +backup +prod, other/);
  });

  it('imports a file in clear and says that it is still there', async () => {
    const { cwd, store } = project();
    writeFileSync(
      join(cwd, 'logins.yaml'),
      'prod: { username: a, password: "1" }\nx: { username: b, password: "2" }\n',
    );
    const { status, stdout } = vya(cwd, ['credentials', 'import', 'logins.yaml']);
    expect(status).toBe(0);
    expect(stdout).toContain('delete it');
    expect(await getCredential(store, 'x')).toEqual({ username: 'b', password: '2' });
  });

  it('removes only with --force where nobody can be asked', () => {
    const { cwd, path } = project();
    vya(cwd, ['credentials', 'set', 'prod', '--username', 'backup'], 'pw');
    const before = readFileSync(path, 'utf8');
    const refused = vya(cwd, ['credentials', 'remove', 'prod']);
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain('--force');
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(vya(cwd, ['credentials', 'remove', 'prod', '--force']).status).toBe(0);
    expect(vya(cwd, ['credentials', 'remove', 'prod', '--force']).status).toBe(4);
  });

  it('rekeys after the host was renamed', async () => {
    const { cwd, path, store } = project();
    await setCredentials(
      { path, key: hostKey('old-name') },
      new Map([['prod', { username: 'u', password: 'p' }]]),
      new Date(),
    );
    const before = vya(cwd, ['credentials', 'list']);
    expect(before.status).toBe(4);
    expect(before.stdout).toContain('vya credentials rekey --old-hostname');
    const refused = vya(cwd, ['credentials', 'set', 'x', '--username', 'u'], 'p');
    expect(refused.status).toBe(4);
    expect(refused.stderr).toContain('vya credentials rekey --old-hostname');
    expect(vya(cwd, ['credentials', 'rekey', '--old-hostname', 'old-name']).status).toBe(0);
    expect(await getCredential(store, 'prod')).toEqual({ username: 'u', password: 'p' });
  });

  it('rekeys from an old key file to VYA_SECRET_KEY', async () => {
    const { cwd, path } = project();
    writeFileSync(join(cwd, 'old.key'), hostKeyText('one'), { mode: 0o600 });
    await setCredentials(
      { path, key: hostKey('one') },
      new Map([['prod', { username: 'u', password: 'p' }]]),
      new Date(),
    );
    const env = { VYA_SECRET_KEY: hostKeyText('two') };
    expect(vya(cwd, ['credentials', 'rekey', '--old-key-file', 'old.key'], '', env).status).toBe(0);
    expect((await getCredential({ path, key: hostKey('two') }, 'prod')).username).toBe('u');
    expect(vya(cwd, ['credentials', 'rekey']).status).toBe(3);
  });

  it('ends with 4 and says what to do where the file is open to others', () => {
    const { cwd, path } = project();
    vya(cwd, ['credentials', 'set', 'prod', '--username', 'backup'], 'pw');
    chmodSync(path, 0o644);
    const { status, stderr } = vya(cwd, ['credentials', 'list']);
    expect(status).toBe(4);
    expect(stderr).toContain(`chmod 600 ${path}`);
  });

  it('refuses a user name that is missing, and takes no password as an argument', () => {
    const { cwd } = project();
    expect(vya(cwd, ['credentials', 'set', 'prod'], 'pw').status).toBe(3);
    expect(vya(cwd, ['credentials', 'set', 'prod', '--username', 'u', '--password', 'pw'], 'pw').status).toBe(
      3,
    );
  });
});
