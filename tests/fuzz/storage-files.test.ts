import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VyaError } from '../../src/errors.ts';
import { retentionInput, scanBackups } from '../../src/storage/catalogue.ts';
import { readManifest } from '../../src/storage/manifest-file.ts';
import { openBackup, partPath } from '../../src/storage/open-backup.ts';
import { removeBackup } from '../../src/storage/remove.ts';
import { verifyFiles } from '../../src/storage/verify-files.ts';
import { entryOf, hold, lockRequest, makeBackup, mark, scratchDirectory, shop } from '../storage/scratch.ts';

const odd: unknown[] = [
  null,
  true,
  -1,
  0,
  1e30,
  '',
  '..',
  '../../precious',
  '/etc/passwd',
  'a/../../x',
  'manifest.json',
  'pin.json',
  '\0',
  'x\ny',
  [],
  {},
  [null],
  { path: '../x' },
  'prod/shop/20260109T020000Z',
  '2026-13-01T00:00:00Z',
  '__proto__',
];

/** Every place in a document, as paths. */
function placesIn(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, each]) =>
    placesIn(each, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return path.length === 0 ? inner : [path, ...inner];
}

/** A copy with one place changed or taken away. */
function changed(document: unknown, path: readonly (string | number)[], value: unknown): unknown {
  const copy = structuredClone(document) as Record<string | number, unknown>;
  let parent = copy;
  for (const part of path.slice(0, -1)) parent = parent[part] as Record<string | number, unknown>;
  const last = path.at(-1) as string | number;
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}

describe('a manifest', () => {
  it('with anything at any place is refused or safe: no path leads outside, nothing else is deleted, nothing crashes', async () => {
    const base = await scratchDirectory();
    const precious = join(base, 'precious');
    await writeFile(precious, 'mine');
    const backup = await makeBackup(base);
    const file = join(backup.path, 'manifest.json');
    const original: unknown = JSON.parse(await readFile(file, 'utf8'));
    const places = placesIn(original);
    const value = fc.oneof(fc.constantFrom(...odd), fc.constant(undefined), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), value, async (path, each) => {
        await writeFile(file, JSON.stringify(changed(original, path, each)));
        const { backups } = await scanBackups({ basePath: base });
        backups.map(retentionInput);
        try {
          const opened = await openBackup(backup.path);
          for (const part of opened.manifest.parts) {
            const place = await partPath(opened, part).catch((error: unknown) => error);
            if (typeof place === 'string') expect(place.startsWith(`${backup.path}/`)).toBe(true);
            else expect(place).toBeInstanceOf(VyaError);
          }
          for (const problem of await verifyFiles(opened)) expect(problem).toMatch(/\S/);
        } catch (error) {
          expect(error).toBeInstanceOf(VyaError);
          expect((error as VyaError).kind).toMatch(/^(verification|not-found)$/);
        }
      }),
      { numRuns: 800 },
    );
    expect(await readFile(precious, 'utf8')).toBe('mine');
  });

  it('of any text is refused', async () => {
    const { path } = await makeBackup(await scratchDirectory());
    const file = join(path, 'manifest.json');
    const original = await readFile(file, 'utf8');
    const cut = fc.nat(original.length - 3).map((length) => original.slice(0, length));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), cut), async (text) => {
        await writeFile(file, text);
        await expect(readManifest(path)).rejects.toMatchObject({ kind: 'verification' });
      }),
      { numRuns: 300 },
    );
  });

  it('that was tampered with deletes at most its own backup’s files', async () => {
    const value = fc.constantFrom(...odd);
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000), value, async (choice, each) => {
        const base = await scratchDirectory();
        const others = [
          'precious',
          'prod/precious',
          'prod/shop/precious',
          'prod/shop/20260109T020000Z/precious',
        ];
        const { id, path } = await makeBackup(base);
        for (const name of others) await writeFile(join(base, name), 'mine');
        await mkdir(join(path, 'x'));
        await writeFile(join(path, 'x/precious'), 'mine');
        const entry = await entryOf(base, id);
        const file = join(path, 'manifest.json');
        const original: unknown = JSON.parse(await readFile(file, 'utf8'));
        const places = placesIn(original);
        await writeFile(
          file,
          JSON.stringify(changed(original, places[choice % places.length] as string[], each)),
        );
        const lock = await hold(base, { kind: 'database', place: shop });
        await removeBackup({ ...lockRequest(base, lock.scope), backup: entry, lock }).catch(
          (error: unknown) => {
            expect(error).toBeInstanceOf(VyaError);
          },
        );
        await lock.release();
        for (const name of [...others, 'prod/shop/20260109T020000Z/x/precious']) {
          expect(await readFile(join(base, name), 'utf8')).toBe('mine');
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('a pin or a proof', () => {
  it('of any content never crashes the list; any pin pins, and only a passed proof proves', async () => {
    const base = await scratchDirectory();
    const { path, id } = await makeBackup(base);
    const proof = {
      format: 'vya-proof',
      version: 1,
      provenAt: '2026-01-09T03:00:00.000Z',
      passed: true,
      exact: false,
      exceptions: [],
      target: 'prod',
      vya: '0.1.0',
    };
    const places = placesIn(proof);
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc
        .tuple(fc.constantFrom(...places), fc.constantFrom(undefined, ...odd))
        .map(([place, value]) => JSON.stringify(changed(proof, place, value))),
    );
    await fc.assert(
      fc.asyncProperty(text, text, async (pinned, proven) => {
        await mark(path, 'pin.json', pinned);
        await mark(path, 'proof.json', proven);
        const entry = await entryOf(base, id);
        expect(entry).toMatchObject({ pinned: true, complete: true });
        if (entry.proven) expect(JSON.parse(proven)).toMatchObject({ format: 'vya-proof', passed: true });
      }),
      { numRuns: 300 },
    );
  });
});
