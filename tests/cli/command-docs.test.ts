import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readCommands } from '../../scripts/command-help.ts';
import { commandsAsManual, commandsAsMarkdown } from '../../scripts/command-pages.ts';

const commands = await readCommands();

function documentText(name: string): string {
  return readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
}

describe('what is written of the commands', () => {
  test('is what the help says (npm run docs writes it)', () => {
    expect(documentText('commands.md')).toBe(commandsAsMarkdown(commands));
    expect(documentText('vya.1')).toBe(commandsAsManual(commands));
  });

  test('holds every command, and none that the help hides', () => {
    const names = commands.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['vya', 'vya backup', 'vya users restore', 'vya credentials set']),
    );
    expect(names).not.toContain('vya complete');
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const table = readme.slice(readme.indexOf('## Commands'), readme.indexOf('### Exit codes'));
    const first = new Set(names.slice(1).map((name) => name.split(' ')[1] as string));
    expect([...first].filter((name) => !table.includes(`vya ${name}`))).toEqual([]);
  });

  test('has a description of each command and each option', () => {
    const bare = commands.flatMap(({ name, description, options }) => [
      ...(description === '' ? [name] : []),
      ...options.filter((option) => option.description === '').map(({ flags }) => `${name} ${flags}`),
    ]);
    expect(bare).toEqual([]);
  });
});
