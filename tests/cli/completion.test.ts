import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Completing, completing } from './completing.ts';
import { runVya } from './vya.ts';

const run = promisify(execFile);

let place: Completing;
let env: Record<string, string>;

beforeAll(async () => {
  place = await completing(['shop', 'my shop; rm -rf $HOME', '日本', '*']);
  ({ env } = place);
});
afterAll(() => place.remove());

/** What `vya complete` offers for these words; the last is the one at the cursor. */
async function offered(...words: string[]): Promise<string[]> {
  const { stdout, code } = await runVya(['complete', '--', ...words], { env });
  expect(code).toBe(0);
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0] as string]));
}

describe('what is offered', () => {
  test('commands, and commands of commands', async () => {
    expect(await offered('re')).toEqual(['restore', 'report']);
    expect(await offered('users', '')).toEqual(['backup', 'list', 'restore', 'help']);
    expect(await offered('')).not.toContain('complete');
  });

  test('options of the command, and those of all', async () => {
    expect(await offered('restore', '--tar')).toEqual(['--target-instance', '--target-database']);
    expect(await offered('--format', 'json', 'list', '-q', '--con')).toEqual(['--config']);
  });

  test('choices, instances, the databases of an instance, and backups', async () => {
    expect(await offered('--format', 'j')).toEqual(['json']);
    expect(await offered('backup', '--instance', 'prod')).toEqual(['prod', 'prod-two']);
    expect(await offered('restore', '--instance', 'prod-two', '--database', '')).toEqual(['other']);
    expect(await offered('backup', '--instance=prod-')).toEqual(['--instance=prod-two']);
    expect(await offered('restore', '--instance=prod-two', '--database=')).toEqual(['--database=other']);
    expect(await offered('pin', 'prod-two/')).toEqual(['prod-two/other/20260109T020000Z']);
    expect(await offered('restore', '--id', 'prod/shop')).toEqual(['prod/shop/20260109T020000Z']);
  });

  test('nothing, and no error, where nothing is known', async () => {
    expect(await offered('restore', '--at', '')).toEqual([]);
    expect(await offered('--config', '/nowhere', 'backup', '--instance', '')).toEqual([]);
    expect(await offered('no-such-command', '--x', '')).toEqual([]);
  });
});

/** What bash's completion makes of these words, with its quoting. */
async function bashReplies(...words: string[]): Promise<string[]> {
  const script = [
    'source <(vya completion bash)',
    `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})`,
    `COMP_CWORD=${words.length - 1}`,
    '_vya',
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ].join('\n');
  const { stdout } = await run('bash', ['--norc', '-c', script], { env });
  return stdout.trim().split('\n');
}

test('bash completes with it, and quotes what a shell would take for more than a word', async () => {
  const lines = await bashReplies('vya', 'restore', '--instance', 'prod', '--database', '');
  expect(lines).toHaveLength(4);
  const { stdout: evaluated } = await run('bash', ['--norc', '-c', `printf '%s\\n' ${lines.join(' ')}`], {
    env,
  });
  expect(evaluated.trim().split('\n').toSorted()).toEqual(['*', 'my shop; rm -rf $HOME', 'shop', '日本']);
});

test('bash completes the value after an equals sign, which is a word of its own to it', async () => {
  expect(await bashReplies('vya', 'backup', '--instance', '=')).toEqual(['prod', 'prod-two']);
  const words = ['vya', 'restore', '--instance', '=', 'prod-two', '--database', '=', 'ot'];
  expect(await bashReplies(...words)).toEqual(['other']);
});

test('an unknown shell is a usage error that names those that are known', async () => {
  const { code, stderr } = await runVya(['completion', 'tcsh'], { env });
  expect(code).toBe(3);
  expect(stderr).toContain('bash, zsh, fish');
});
