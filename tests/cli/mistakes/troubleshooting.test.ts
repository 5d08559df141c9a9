import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const handbook = readFileSync(join(root, 'docs/operations.md'), 'utf8');
const messages = [...handbook.matchAll(/^\| `(.+?)` \| (\d+) \|/gm)].map(([, message, code]) => ({
  message: message!,
  code: code!,
}));

/** What tests say, with what regular expressions and template literals escape as it is. */
function textOf(pattern: string): string {
  const files = globSync(pattern, { cwd: root }).filter((file) => !file.endsWith('troubleshooting.test.ts'));
  return files.map((file) => readFileSync(join(root, file), 'utf8').replaceAll('\\', '')).join('\n');
}

/** Finds a message of the table in text, where `…` stands for anything within a line or two. */
function patternOf(message: string): RegExp {
  const parts = message
    .split('…')
    .map((part) => part.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(parts.join('.{0,120}?'), 's');
}

const everywhere = textOf('tests/**/*.ts');
const mistakes = textOf('tests/cli/mistakes/*.ts');

test.each(messages)('the handbook lists “$message”, and a test provokes it', ({ message }) => {
  expect(everywhere).toMatch(patternOf(message));
});

test('at least twenty of them are mistakes of people who are new to vya', () => {
  expect(messages.filter(({ message }) => patternOf(message).test(mistakes)).length).toBeGreaterThanOrEqual(
    20,
  );
});

test('the codes of the handbook are those of the README', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const codes = new Set([...readme.matchAll(/\| (\d+) \| /g)].map(([, code]) => code));
  expect(messages.filter(({ code }) => !codes.has(code))).toEqual([]);
});
