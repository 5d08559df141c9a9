import { chmod } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { setCredentials } from '../../../src/secrets/credentials.ts';
import { hostKey } from '../../../src/secrets/host-key.ts';
import type { TestServer } from '../../servers/server.ts';
import { sharedServer } from '../../servers/servers.ts';
import { workspace, type Workspace } from '../vya.ts';
import { reported, told } from './told.ts';

let server: TestServer;
let space: Workspace;
let path: string;
beforeAll(async () => {
  server = await sharedServer('postgresql-18');
  space = await workspace({
    instances: [{ id: 'prod', server, settings: { credential: 'proud', connect_retries: 0 } }],
  });
  path = join(space.path, '.secrets/credentials.json');
});
afterAll(() => space.remove());

const set = (id: string, input?: string) =>
  space.vya(['credentials', 'set', id, '--username', 'backup'], {
    ...(input === undefined ? {} : { input }),
    measured: false,
  });
const check = () => space.vya(['check'], { measured: false });

test('a credential that was never stored, and one whose name is near', async () => {
  expect(reported(await check(), 'prod')).toEqual({
    code: 4,
    message: `There is no credential proud in ${path}`,
    hint: 'Store it: vya credentials set proud --username NAME',
  });
  expect((await set('prod', 'word\n')).code).toBe(0);
  expect(reported(await check(), 'prod')).toEqual({
    code: 4,
    message: `There is no credential proud in ${path}`,
    hint: 'Store it: vya credentials set proud --username NAME\nOr name the one that is there: prod',
  });
});

test.each([
  ['nothing', undefined, 'No password came on stdin'],
  ['an empty line', '\n', 'No password came on stdin'],
  ['two lines', 'one\ntwo\n', 'More than one line came on stdin'],
])('a password that is %s', async (_, input, message) => {
  expect(told(await set('prod', input))).toEqual({
    code: 3,
    message,
    hint: 'Give the password as one line, for example: vya credentials set ID --username NAME < password-file',
  });
});

test('a file that others may read', async () => {
  await chmod(path, 0o644);
  expect(reported(await check(), 'prod')).toEqual({
    code: 4,
    message: `The credentials file ${path} is open to others than its owner (mode 0644)`,
    hint: `chmod 600 ${path}`,
  });
  await chmod(path, 0o600);
});

test('a file that was copied from another host', async () => {
  const there = { path, key: hostKey('db-before') };
  expect((await space.vya(['credentials', 'remove', 'prod', '--force'])).code).toBe(0);
  await setCredentials(there, new Map([['proud', { username: 'backup', password: 'word' }]]), new Date());
  expect(reported(await check(), 'prod')).toEqual({
    code: 4,
    message: `Nothing in ${path} decrypts with this host's key (${hostname()})`,
    hint: 'The host name may have changed, or the file comes from another host: vya credentials rekey --old-hostname NAME',
  });
});
