import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeName, fittingName, isShortened, unescapeName } from '../../src/storage/names.ts';
import { scratchDirectory } from './scratch.ts';

/** Any JavaScript string, halves of surrogate pairs included, and often what is dangerous. */
const anyName = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '.',
        '..',
        '/',
        '%',
        '%2',
        '%25',
        '%u',
        '%uD800',
        '@',
        '@accounts',
        '-',
        '\0',
        '\n',
        '~',
        'é',
        'e\u0301',
        '😀',
      ),
      fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
      fc.string({ unit: 'binary' }),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(''));

describe('names in paths (F34)', () => {
  it.each([
    ['shop', 'shop'],
    ['Grüße 1', 'Grüße 1'],
    ['a=b', 'a=b'],
    ['host=x dbname=y', 'host=x dbname=y'],
    ['$(id)`"\'', '$(id)`"\''],
    ['postgresql://h/x', 'postgresql:%2F%2Fh%2Fx'],
    ['-rf', '%2Drf'],
    ['--help', '%2D-help'],
    ['../../evil', '%2E.%2F..%2Fevil'],
    ['..', '%2E.'],
    ['.', '%2E'],
    ['.hidden', '%2Ehidden'],
    ['@accounts', '%40accounts'],
    ['user@host', 'user@host'],
    ['a\nb\0\x7f\x85', 'a%0Ab%00%7F%C2%85'],
    ['100%', '100%25'],
    ['%2F', '%252F'],
    ['\ud800', '%uD800'],
    ['', '%'],
  ])('writes %j as %j, and reads it back', (name, component) => {
    expect(escapeName(name)).toBe(component);
    expect(unescapeName(component)).toBe(name);
  });

  it('is undone exactly, and gives a component that a directory can hold, for any name', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const component = escapeName(name);
        expect(unescapeName(component)).toBe(name);
        expect(component).not.toMatch(/^[.@-]|^$|\/|\p{Cc}|\p{Cs}/u);
      }),
      { numRuns: 3_000 },
    );
  });

  it('never gives two names one component, shortened or not', () => {
    fc.assert(
      fc.property(anyName, anyName, fc.integer({ min: 60, max: 255 }), (a, b, limit) => {
        fc.pre(a !== b);
        expect(fittingName(a, limit)).not.toBe(fittingName(b, limit));
      }),
      { numRuns: 3_000 },
    );
  });

  it('keeps Foo and foo, and composed and decomposed letters, apart', async () => {
    const base = await scratchDirectory();
    const names = ['Foo', 'foo', 'é', 'e\u0301'];
    for (const name of names) await mkdir(join(base, fittingName(name)));
    expect(new Set((await readdir(base)).map(unescapeName))).toEqual(new Set(names));
  });

  it('knows the names that vya did not write', () => {
    for (const foreign of [
      '%61',
      '%2f',
      'a%',
      '%zz',
      '.git',
      '@other',
      '-x',
      '%C3',
      '%uD83D%uDE00',
      'a%~0123',
    ]) {
      expect(unescapeName(foreign), foreign).toBeUndefined();
    }
  });

  it('shortens what a file system cannot hold, at a whole character, with a hash of the whole', async () => {
    const base = await scratchDirectory();
    const long = [
      '/'.repeat(100),
      '日'.repeat(100),
      '日'.repeat(101),
      `${'a'.repeat(300)}1`,
      `${'a'.repeat(300)}2`,
      '\ud800'.repeat(90),
    ];
    const components = long.map((name) => fittingName(name));
    for (const component of components) {
      expect(Buffer.byteLength(component)).toBeLessThanOrEqual(255);
      expect(isShortened(component)).toBe(true);
      expect(unescapeName(component)).toBeUndefined();
      await mkdir(join(base, component));
    }
    expect((await readdir(base)).sort()).toEqual(components.sort());
    expect(components[0]).toMatch(/^(%2F)+%~[0-9a-f]{40}$/);
  });

  it('leaves the longest names that servers allow whole', () => {
    const mysql = '日'.repeat(64);
    const postgres = '\u00e9'.repeat(31);
    expect([fittingName(mysql), fittingName(postgres), fittingName('/'.repeat(64))]).toEqual([
      mysql,
      postgres,
      '%2F'.repeat(64),
    ]);
  });
});
