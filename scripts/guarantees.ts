import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A text that stands in quotes in the tests: the title of a test, or of a group. */
export interface Title {
  /** Relative to the repository's root. */
  file: string;
  title: string;
}

/** One numbered failure of the index. */
export interface IndexRow {
  number: number;
  /** What goes wrong elsewhere. */
  what: string;
  /** Files whose tests carry the number; or, without any, why there is none. */
  files: string[];
  reason: string;
}

const row = /^\| F(\d+) \| (.*?) \| (.*?) \|$/gm;

/** Every quoted text of the tests, from which titles are looked up. */
export function quotedTexts(root: string): Title[] {
  return globSync('tests/**/*.ts', { cwd: root })
    .sort()
    .flatMap((file) => {
      const source = readFileSync(join(root, file), 'utf8').replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, '');
      const texts = source.matchAll(/'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"|`((?:\\.|[^`\\\n])*)`/g);
      return [...texts].map(([, single, double, back]) => {
        const title = (single ?? double ?? back ?? '').replaceAll(/\\(.)/g, '$1');
        return { file, title };
      });
    });
}

/** The numbers that a title carries: `… (F29, F31)`, `(F4) …`. */
export function numbersIn(title: string): number[] {
  return [...title.matchAll(/\(([^()]*)\)/g)].flatMap(([, inside = '']) =>
    [...inside.matchAll(/(?<=^|, )F(\d+)(?=$|, )/g)].map(([, number]) => Number(number)),
  );
}

/** The index of numbered failures in the document. */
export function readIndex(text: string): IndexRow[] {
  return [...text.matchAll(row)].map(([, number, what = '', tests = '']) => {
    const files = [...tests.matchAll(/`(tests\/[^`]+)`/g)].map(([, file = '']) => file);
    return { number: Number(number), what, files, reason: files.length > 0 ? '' : tests };
  });
}

/** The document with every file of the tests that carry a number beside it. A reason stays while there is no such test. */
export function withTests(text: string, titles: readonly Title[]): string {
  const files = new Map<number, Set<string>>();
  for (const { file, title } of titles) {
    for (const number of numbersIn(title)) files.set(number, (files.get(number) ?? new Set()).add(file));
  }
  return text.replaceAll(row, (whole, number: string, what: string) => {
    const found = files.get(Number(number));
    return found ? `| F${number} | ${what} | ${[...found].map((file) => `\`${file}\``).join(', ')} |` : whole;
  });
}

/** The tests that the table of promises names: `` `tests/…`: “title” ``. */
export function namedTests(text: string): Title[] {
  return [...text.matchAll(/`(tests\/[^`]+)`: “([^”]+)”/g)].map(([, file = '', title = '']) => ({
    file,
    title,
  }));
}
