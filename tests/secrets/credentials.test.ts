import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { VyaError } from '../../src/errors.ts';
import {
  findCredential,
  getCredential,
  listCredentials,
  rekeyCredentials,
  removeCredential,
  setCredentials,
} from '../../src/secrets/credentials.ts';
import type { CredentialStore } from '../../src/secrets/entry.ts';
import { fileKey, hostKey, hostKeyText, secretKey } from '../../src/secrets/host-key.ts';
import { readPlainCredentials } from '../../src/secrets/import.ts';
import { temporaryDirectory } from './temporary.ts';

const now = new Date('2026-01-09T02:00:00Z');
const login = { username: 'backup', password: 'p#w"x\\y' };

function emptyStore(hostname = 'db01'): CredentialStore {
  return { path: join(temporaryDirectory(), '.secrets/credentials.json'), key: hostKey(hostname) };
}

async function storeWith(...ids: string[]): Promise<CredentialStore> {
  const store = emptyStore();
  await setCredentials(store, new Map(ids.map((id) => [id, { ...login, username: `user-${id}` }])), now);
  return store;
}

type Entries = Record<string, { username: string; password: string }>;

function entriesOf({ path }: CredentialStore): Entries {
  const { _version, ...entries } = JSON.parse(readFileSync(path, 'utf8')) as Entries & { _version: number };
  expect(_version).toBe(1);
  return entries;
}

/** Changes one character in the middle of a stored token. */
function tamper(store: CredentialStore, id: string, part: 'username' | 'password'): void {
  const entries = entriesOf(store);
  const entry = entries[id] as Entries[string];
  const token = entry[part];
  entry[part] = `${token.slice(0, 50)}${token[50] === 'A' ? 'B' : 'A'}${token.slice(51)}`;
  writeFileSync(store.path, JSON.stringify({ _version: 1, ...entries }));
}

async function failure(work: Promise<unknown>): Promise<VyaError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason as VyaError,
  );
  if (!error) throw new Error('it did not fail');
  expect(error.kind).toBe('credentials');
  expect(error.hint).toBeTruthy();
  return error;
}

const mode = (path: string) => statSync(path).mode & 0o7777;

describe('the credentials file', () => {
  it('comes into being with mode 0600 in a 0700 directory, and holds only tokens', async () => {
    const store = await storeWith('prod');
    expect(mode(store.path)).toBe(0o600);
    expect(mode(dirname(store.path))).toBe(0o700);
    expect(entriesOf(store)).toEqual({
      prod: {
        username: expect.stringMatching(/^gAAAA/) as string,
        password: expect.stringMatching(/^gAAAA/) as string,
      },
    });
    expect(await getCredential(store, 'prod')).toEqual({ username: 'user-prod', password: login.password });
  });

  it('leaves no temporary file behind, whether it was written or not', async () => {
    const store = await storeWith('prod');
    expect(readdirSync(dirname(store.path))).toEqual(['credentials.json']);
    const broken = { ...store, path: join(dirname(store.path), 'directory') };
    mkdirSync(join(broken.path, 'inside'), { recursive: true, mode: 0o700 });
    renameSync(store.path, `${store.path}.aside`);
    await failure(setCredentials(broken, new Map([['prod', login]]), now));
    expect(readdirSync(dirname(store.path)).toSorted()).toEqual(['credentials.json.aside', 'directory']);
  });

  it('is replaced whole: what reads it meanwhile keeps the old one', async () => {
    const store = await storeWith('prod');
    const before = statSync(store.path).ino;
    await setCredentials(store, new Map([['other', login]]), now);
    expect(statSync(store.path).ino).not.toBe(before);
    expect(mode(store.path)).toBe(0o600);
  });

  it('closes a directory for secrets that was left open', async () => {
    const store = emptyStore();
    mkdirSync(dirname(store.path), { mode: 0o755 });
    chmodSync(dirname(store.path), 0o775);
    await setCredentials(store, new Map([['prod', login]]), now);
    expect(mode(dirname(store.path))).toBe(0o700);
  });

  it('keeps its owner when it is replaced, also by root', async () => {
    const store = await storeWith('prod');
    // Only root can give a file away; to anybody else it stays their own.
    const owner = process.getuid?.() === 0 ? 12345 : statSync(store.path).uid;
    const group = process.getuid?.() === 0 ? 12345 : statSync(store.path).gid;
    chownSync(store.path, owner, group);
    await setCredentials(store, new Map([['other', login]]), now);
    expect(statSync(store.path)).toMatchObject({ uid: owner, gid: group });
  });

  it.each([0o640, 0o604, 0o660, 0o644])(
    'is refused with mode %o, and the message says what to do',
    async (loose) => {
      const store = await storeWith('prod');
      chmodSync(store.path, loose);
      for (const work of [() => getCredential(store, 'prod'), () => listCredentials(store)]) {
        const error = await failure(work());
        expect(error.message).toContain(`mode 0${loose.toString(8)}`);
        expect(error.hint).toBe(`chmod 600 ${store.path}`);
      }
      await failure(setCredentials(store, new Map([['prod', login]]), now));
      expect(mode(store.path)).toBe(loose);
    },
  );

  it('is refused in a directory in which others could exchange it', async () => {
    const store = await storeWith('prod');
    chmodSync(dirname(store.path), 0o770);
    expect((await failure(getCredential(store, 'prod'))).hint).toBe(`chmod 700 ${dirname(store.path)}`);
  });

  it('is refused when it is a link, a directory or a pipe', async () => {
    const store = await storeWith('prod');
    renameSync(store.path, `${store.path}.real`);
    symlinkSync(`${store.path}.real`, store.path);
    expect((await failure(getCredential(store, 'prod'))).message).toContain('symbolic link');
    const directory = { ...store, path: dirname(store.path) };
    expect((await failure(getCredential(directory, 'prod'))).message).toContain('not a regular file');
  });

  it.each([
    ['', 'empty'],
    ['{"prod": ', 'not JSON'],
    ['[]', 'JSON object'],
    ['null', 'JSON object'],
    ['{"prod": "x"}', 'prod'],
    ['{"prod": {"username": "x"}}', 'prod.password'],
    ['{"prod": {"username": "x", "password": 1}}', 'prod.password'],
    ['{"../x": {"username": "x", "password": "y"}}', '../x'],
    ['{"_version": "1"}', 'JSON object'],
  ])('is called corrupt when it holds %j, and is left as it is', async (content, reason) => {
    const store = emptyStore();
    mkdirSync(dirname(store.path), { mode: 0o700 });
    writeFileSync(store.path, content, { mode: 0o600 });
    const error = await failure(getCredential(store, 'prod'));
    expect(error.message).toContain('corrupt');
    expect(error.message).toContain(reason);
    await failure(setCredentials(store, new Map([['other', login]]), now));
    expect(readFileSync(store.path, 'utf8')).toBe(content);
  });

  it('does not quote a broken file, which may hold a password', async () => {
    const store = emptyStore();
    mkdirSync(dirname(store.path), { mode: 0o700 });
    writeFileSync(store.path, '{"prod": {"password": hunter2}}', { mode: 0o600 });
    expect((await failure(getCredential(store, 'prod'))).message).not.toContain('hunter2');
  });

  it('of a newer format is not touched', async () => {
    const store = emptyStore();
    mkdirSync(dirname(store.path), { mode: 0o700 });
    writeFileSync(store.path, '{"_version": 2}', { mode: 0o600 });
    expect((await failure(setCredentials(store, new Map([['a', login]]), now))).message).toContain(
      'format 2',
    );
  });

  it('may come without a version, as another program would write it', async () => {
    const store = await storeWith('prod');
    writeFileSync(store.path, JSON.stringify(entriesOf(store)));
    expect((await getCredential(store, 'prod')).username).toBe('user-prod');
  });
});

describe('a credential', () => {
  it('that is missing is named, with the command that stores it', async () => {
    const store = await storeWith('prod');
    const error = await failure(getCredential(store, 'prdo'));
    expect(error.message).toBe(`There is no credential prdo in ${store.path}`);
    expect(error.hint).toContain('vya credentials set prdo --username');
    expect(await findCredential(store, 'prdo')).toBeUndefined();
    expect(await findCredential(emptyStore(), 'prod')).toBeUndefined();
  });

  it.each(['username', 'password'] as const)('whose %s was tampered with says so', async (part) => {
    const store = await storeWith('prod', 'other');
    tamper(store, 'prod', part);
    const error = await failure(getCredential(store, 'prod'));
    expect(error.message).toContain(`The ${part} of the credential prod`);
    expect(error.message).toContain('tampered');
    expect((await getCredential(store, 'other')).password).toBe(login.password);
  });

  it('that was tampered with is told from a changed host name also where it is the only one', async () => {
    const store = await storeWith('prod');
    tamper(store, 'prod', 'password');
    expect((await failure(getCredential(store, 'prod'))).message).toContain('tampered');
  });

  it('of another host says that the host name may have changed, and names the way out', async () => {
    const store = await storeWith('prod', 'other');
    const error = await failure(getCredential({ ...store, key: hostKey('db02') }, 'prod'));
    expect(error.message).toContain('db02');
    expect(error.hint).toContain('vya credentials rekey --old-hostname');
  });

  it('in clear is not taken for a token', async () => {
    const store = emptyStore();
    mkdirSync(dirname(store.path), { mode: 0o700 });
    writeFileSync(store.path, '{"prod": {"username": "backup", "password": "hunter2"}}', { mode: 0o600 });
    const error = await failure(getCredential(store, 'prod'));
    expect(error.hint).toContain('vya credentials import');
    expect(error.message).not.toContain('hunter2');
  });

  it.each([
    ['', 'pw', 'user name is empty'],
    ['u', '', 'password is empty'],
    ['u', 'a\nb', 'line break'],
    ['u\0', 'a', 'zero byte'],
  ])('of user %j and password %j cannot be stored', async (username, password, reason) => {
    const store = emptyStore();
    const error = await failure(setCredentials(store, new Map([['prod', { username, password }]]), now));
    expect(error.message).toContain(reason);
    expect(existsSync(store.path)).toBe(false);
  });

  it.each(['', 'A', '../x', '_version', '__proto__', 'a b'])('cannot be called %j', async (id) => {
    const error = await failure(setCredentials(emptyStore(), new Map([[id, login]]), now));
    expect(error.message).toContain('its name is not possible');
  });

  it('may be called like a property that every object has', async () => {
    const store = await storeWith('constructor');
    expect((await getCredential(store, 'constructor')).username).toBe('user-constructor');
    expect(await findCredential(store, 'valueof')).toBeUndefined();
  });
});

describe('changing the file', () => {
  it('adds, replaces, lists in order, and removes', async () => {
    const store = await storeWith('b', 'a');
    const tokens = entriesOf(store)['a'];
    const { replaced } = await setCredentials(
      store,
      new Map([
        ['b', { ...login, username: 'new' }],
        ['c', login],
      ]),
      now,
    );
    expect(replaced).toEqual(['b']);
    expect(entriesOf(store)['a']).toEqual(tokens);
    expect(await listCredentials(store)).toEqual([
      { id: 'a', username: 'user-a' },
      { id: 'b', username: 'new' },
      { id: 'c', username: 'backup' },
    ]);
    await removeCredential(store, 'b');
    expect((await listCredentials(store)).map(({ id }) => id)).toEqual(['a', 'c']);
    expect((await failure(removeCredential(store, 'b'))).message).toContain('no credential b');
  });

  it('lists a file of another host without user names', async () => {
    const store = await storeWith('a');
    expect(await listCredentials({ ...store, key: hostKey('db02') })).toEqual([{ id: 'a' }]);
    expect(await listCredentials(emptyStore())).toEqual([]);
  });

  it('never overwrites a file that does not decrypt', async () => {
    const store = await storeWith('a');
    const elsewhere = { ...store, key: hostKey('db02') };
    const before = readFileSync(store.path, 'utf8');
    for (const work of [
      () => setCredentials(elsewhere, new Map([['a', login]]), now),
      () => setCredentials(elsewhere, new Map([['b', login]]), now),
      () => removeCredential(elsewhere, 'a'),
      () => rekeyCredentials(elsewhere, hostKey('db03'), now),
    ]) {
      await failure(work());
      expect(readFileSync(store.path, 'utf8')).toBe(before);
    }
  });

  it('does not go on beside an entry that was tampered with, until that one is replaced or removed', async () => {
    const store = await storeWith('a', 'b');
    tamper(store, 'a', 'password');
    const before = readFileSync(store.path, 'utf8');
    expect((await failure(setCredentials(store, new Map([['c', login]]), now))).message).toContain(
      'credential a',
    );
    expect(readFileSync(store.path, 'utf8')).toBe(before);
    await setCredentials(store, new Map([['a', login]]), now);
    tamper(store, 'b', 'username');
    await removeCredential(store, 'b');
    expect(await getCredential(store, 'a')).toEqual(login);
  });
});

describe('rekeying', () => {
  it('encrypts everything anew after the host was renamed', async () => {
    const store = await storeWith('a', 'b');
    const renamed = { ...store, key: hostKey('db02') };
    expect(await rekeyCredentials(renamed, hostKey('db01'), now)).toEqual({
      changed: ['a', 'b'],
      unchanged: [],
    });
    expect((await getCredential(renamed, 'a')).username).toBe('user-a');
    await failure(getCredential(store, 'a'));
    expect(await rekeyCredentials(renamed, hostKey('db01'), now)).toEqual({
      changed: [],
      unchanged: ['a', 'b'],
    });
  });

  it('changes nothing when one of them decrypts with neither key', async () => {
    const store = await storeWith('a', 'b');
    tamper(store, 'b', 'password');
    const before = readFileSync(store.path, 'utf8');
    const error = await failure(rekeyCredentials({ ...store, key: hostKey('db02') }, hostKey('db01'), now));
    expect(error.message).toContain('credential b');
    expect(readFileSync(store.path, 'utf8')).toBe(before);
  });

  it('says that there is no file', async () => {
    expect((await failure(rekeyCredentials(emptyStore(), hostKey('db02'), now))).message).toContain(
      'no credentials file',
    );
  });
});

describe('the key', () => {
  it('is VYA_SECRET_KEY before the key file before the host', async () => {
    const directory = temporaryDirectory();
    const keyFile = join(directory, 'key');
    writeFileSync(keyFile, `${hostKeyText('file')}\n`, { mode: 0o600 });
    const env = { VYA_SECRET_KEY: hostKeyText('environment') };
    expect((await secretKey({ env, hostname: 'h', keyFile })).key).toEqual(hostKey('environment').key);
    expect((await secretKey({ env: {}, hostname: 'h', keyFile })).key).toEqual(hostKey('file').key);
    expect((await secretKey({ env: {}, hostname: 'h' })).key).toEqual(hostKey('h').key);
  });

  it.each(['', 'secret', hostKeyText('x').slice(0, -1)])(
    'is not taken from VYA_SECRET_KEY=%j',
    async (text) => {
      const error = await failure(secretKey({ env: { VYA_SECRET_KEY: text }, hostname: 'h' }));
      expect(error.message).toBe('VYA_SECRET_KEY does not hold a Fernet key');
    },
  );

  it('is not taken from a file that others may read, or that is not there', async () => {
    const keyFile = join(temporaryDirectory(), 'key');
    expect((await failure(fileKey(keyFile))).message).toContain('does not exist');
    writeFileSync(keyFile, hostKeyText('x'), { mode: 0o600 });
    chmodSync(keyFile, 0o640);
    expect((await failure(fileKey(keyFile))).hint).toBe(`chmod 600 ${keyFile}`);
  });

  it('may be a link, as a mounted secret is', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'data'), hostKeyText('x'), { mode: 0o600 });
    symlinkSync('data', join(directory, 'key'));
    expect((await fileKey(join(directory, 'key'))).key).toEqual(hostKey('x').key);
  });
});

describe('a file to import', () => {
  it.each([
    ['JSON', '{ "prod": { "username": "backup", "password": "p#w" } }'],
    ['YAML', 'prod:\n  username: backup\n  password: "p#w"\n'],
  ])('may be %s', async (_name, content) => {
    const path = join(temporaryDirectory(), 'logins');
    writeFileSync(path, content);
    expect(await readPlainCredentials(path)).toEqual(
      new Map([['prod', { username: 'backup', password: 'p#w' }]]),
    );
  });

  it.each([
    ['prod: { username: backup, password: 12345 }', 'prod.password'],
    ['prod: { username: backup }', 'prod.password'],
    ['prod: { username: backup, password: hunter2, port: 1 }', 'prod'],
    ['- prod', 'whole file'],
    ['', 'whole file'],
    ['{}', 'no credentials'],
    ['prod: [hunter2', 'neither JSON nor YAML'],
  ])('is refused when it holds %j, without quoting it', async (content, reason) => {
    const path = join(temporaryDirectory(), 'logins');
    writeFileSync(path, content);
    const error = await failure(readPlainCredentials(path));
    expect(error.message).toContain(reason);
    expect(`${error.message}${error.hint}`).not.toMatch(/hunter2|12345/);
  });

  it('that is not there is named', async () => {
    await expect(readPlainCredentials('/nowhere/logins')).rejects.toMatchObject({
      kind: 'not-found',
      message: 'There is no file /nowhere/logins',
    });
  });
});

describe('.secrets/credentials.example.json', () => {
  it('is a file for the host vya-example', async () => {
    const store = { path: join(temporaryDirectory(), 'credentials.json'), key: hostKey('vya-example') };
    writeFileSync(
      store.path,
      readFileSync(new URL('../../.secrets/credentials.example.json', import.meta.url)),
      {
        mode: 0o600,
      },
    );
    expect(await listCredentials(store)).toEqual([
      { id: 'billing-pg', username: 'vya_backup' },
      { id: 'prod-mysql-01', username: 'vya_backup' },
    ]);
    expect((await getCredential(store, 'billing-pg')).password).toBe('example-password-2');
  });
});
