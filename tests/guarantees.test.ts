import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { namedTests, numbersIn, quotedTexts, readIndex, withTests } from '../scripts/guarantees.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const text = readFileSync(new URL('../docs/guarantees.md', import.meta.url), 'utf8');
const titles = quotedTexts(root);
const index = readIndex(text);
const inFile = (file: string): string[] =>
  titles.filter((each) => each.file === file).map(({ title }) => title);

describe('docs/guarantees.md', () => {
  test('names tests that exist, by file and title', () => {
    const named = namedTests(text);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ file, title }) => !inFile(file).includes(title))).toEqual([]);
  });

  test('every promise names a test', () => {
    const table = text.slice(text.indexOf('| vya promises |'), text.indexOf('## The numbered failures'));
    const rows = table
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .slice(2);
    expect(rows.filter((line) => namedTests(line).length === 0)).toEqual([]);
  });

  test('has each number from 1 to 54 once, with a test that carries it or a reason', () => {
    expect(index.map(({ number }) => number)).toEqual(Array.from({ length: 54 }, (_, n) => n + 1));
    const bare = index.filter(
      ({ what, files, reason }) =>
        what === '' || (files.length === 0 && !/^(Not yet|Cannot occur): ./.test(reason)),
    );
    expect(bare).toEqual([]);
  });

  test('the files that it names beside a number hold a test that carries the number (npm run docs writes them)', () => {
    const wrong = index.flatMap(({ number, files }) =>
      files
        .filter((file) => !inFile(file).some((title) => numbersIn(title).includes(number)))
        .map((file) => `F${number}: ${file}`),
    );
    expect(wrong).toEqual([]);
  });

  test('gives a reason for no number that a test carries by now, and no test carries a number that it lacks', () => {
    const carried = new Set(titles.flatMap(({ title }) => numbersIn(title)));
    const listed = new Set(index.map(({ number }) => number));
    expect([...carried].filter((number) => !listed.has(number))).toEqual([]);
    const covered = readIndex(withTests(text, titles)).filter(({ files }) => files.length > 0);
    const outdated = index.filter(
      ({ number, reason }) => reason !== '' && covered.some((each) => each.number === number),
    );
    expect(outdated.map(({ number }) => `F${number}: npm run docs writes the tests`)).toEqual([]);
  });
});
