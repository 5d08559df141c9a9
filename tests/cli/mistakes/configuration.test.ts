import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runVya } from '../vya.ts';
import { told, type Told } from './told.ts';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vya-test-'));
  file = join(folder, 'config.yaml');
});
afterAll(() => rm(folder, { recursive: true }));

const storage = 'storage:\n  base_path: /srv/vya\n';

async function check(text: string): Promise<Told> {
  await writeFile(file, text, { mode: 0o600 });
  return told(await runVya(['--config', file, 'check'], { measured: false }));
}

test.each([
  [
    'a key is misspelt',
    `instances:\n  - { id: a, type: mysql, hots: db1 }\nstorge:\n  base_path: /srv/vya\n`,
    [
      'instances[0].hots (line 2) is not a known key; did you mean host?',
      'instances[0].host (line 2) is missing: give host, or socket for a Unix socket',
      'storge (line 3) is not a known key; did you mean storage?',
    ],
  ],
  [
    'a value is misspelt',
    `instances:\n  - { id: a, type: postgre, host: db1 }\n${storage}`,
    [
      'instances[0].type (line 2) must be one of mysql, postgresql, mariadb, postgres, but is "postgre"; did you mean postgres?',
    ],
  ],
  [
    'the password stands in the file',
    `instances:\n  - id: a\n    type: mysql\n    host: db1\n    password: canary-word\n${storage}`,
    [
      'instances[0].password (line 5) does not belong here: take it out, and store it encrypted: vya credentials set ID --username NAME',
    ],
  ],
  [
    'a user name without its password',
    `instances:\n  - id: a\n    type: mysql\n    host: db1\n    username: backup\n${storage}`,
    [
      'instances[0].username (line 5) is not a known key: a user and password are stored together, with vya credentials set ID --username NAME; user is a login without a password',
    ],
  ],
  [
    'the port stands behind the host',
    `instances:\n  - { id: a, type: mysql, host: "db1:3306" }\n${storage}`,
    [
      'instances[0].host (line 2) must be a host name or an address, without scheme, port, brackets or path (for a path there is `socket`)',
    ],
  ],
  [
    'it is indented with tabs',
    `instances:\n\t- id: a\n\t  type: mysql\n\t  host: db1\n${storage}`,
    ['line 2, column 1: there is a tab; YAML is indented with spaces'],
  ],
  [
    'a key is indented too little',
    `instances:\n  - id: a\n    type: mysql\n  host: db1\n${storage}`,
    ['line 4, column 1: this is not indented like what it belongs to'],
  ],
  [
    'a key is indented differently than its neighbours',
    `instances:\n  - id: a\n   type: mysql\n    host: db1\n${storage}`,
    ['line 3, column 1: this is not indented like what it belongs to, or a quote or bracket is missing'],
  ],
  [
    'a group is not indented',
    `instances:\n- { id: a, type: mysql, host: db1 }\nstorage:\nbase_path: /srv/vya\n`,
    [
      'storage (line 3) has no value: give a group of keys, or remove the key',
      'base_path (line 4) is not a known key here; did you mean storage.base_path?',
    ],
  ],
  [
    'a list has no dash',
    `instances:\n  id: a\n  type: mysql\n  host: db1\n${storage}`,
    ['instances (line 1) must be a list, but is a group of keys (begin each entry with a dash: - )'],
  ],
  [
    'a key stands twice',
    `instances:\n  - id: a\n    type: mysql\n    host: db1\n    host: db2\n${storage}`,
    ['line 5, column 5: this key stands there twice'],
  ],
])('a configuration in which %s', async (_, text, problems) => {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  expect(await check(text)).toEqual({
    code: 3,
    message: `The configuration ${file} has ${count}:${problems.map((each) => `\n  - ${each}`).join('')}`,
    hint: 'Correct this, then run: vya config validate',
  });
});

test.each(['', storage, `instances: []\n${storage}`])(
  'a configuration without a server: %j',
  async (text) => {
    expect(await check(text)).toEqual({
      code: 3,
      message: `The configuration ${file} names no database server yet`,
      hint: 'Run vya init: it connects to one and adds it there. By hand, add it to `instances:`; the README shows how.',
    });
  },
);

test('a colon without a space', async () => {
  const { message } = await check(`instances:\n  - id:a\n    type:mysql\n${storage}`);
  expect(message).toContain(
    'instances[0] (line 2) must be a group of keys, but is "id:a type:mysql" (put a space after each colon)',
  );
});

test('the password of a configuration is not repeated', async () => {
  const { message } = await check(
    `instances:\n  - { id: a, type: mysql, host: b, passwort: canary-word }\n${storage}`,
  );
  expect(message).toContain('instances[0].passwort (line 2)');
  expect(message).not.toContain('canary');
});

test('no configuration at all', async () => {
  const result = await runVya(['backup'], {
    cwd: folder,
    env: { PATH: '/usr/bin:/bin', HOME: folder, XDG_CONFIG_HOME: join(folder, 'xdg') },
    measured: false,
  });
  const { code, message, hint } = told(result);
  expect(code).toBe(3);
  expect(message).toMatch(
    /^There is no configuration file\. Looked for .*\/config\/config\.yaml, .*\/etc\/vya\/config\.yaml$/,
  );
  expect(hint).toBe('Make one: vya init. Or name one with --config PATH or VYA_CONFIG_PATH.');
});

test('a configuration that is named and not there', async () => {
  expect(told(await runVya(['--config', '/nonexistent/vya.yaml', 'backup'], { measured: false }))).toEqual({
    code: 3,
    message: 'The configuration file /nonexistent/vya.yaml does not exist',
    hint: 'It is named by --config: correct the path, or let vya init make it.',
  });
});
