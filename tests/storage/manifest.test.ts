import { mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isVyaError } from './is-vya-error.ts';
import { manifestSchema } from '../../src/storage/manifest.ts';
import { readManifest, writeManifest } from '../../src/storage/manifest-file.ts';
import { openBackup, partPath } from '../../src/storage/open-backup.ts';
import { isSafePath } from '../../src/storage/safe-path.ts';
import { makeBackup, scratchDirectory } from './scratch.ts';

interface Raw {
  [key: string]: unknown;
  files: { path: string; size: number; checksum: string }[];
  parts: { path: string; format: string; holds: string[] }[];
}

/** A real backup, and a way to give it the manifest of someone else. */
async function tampered(change: (manifest: Raw) => void): Promise<string> {
  const { path } = await makeBackup(await scratchDirectory());
  const manifest = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8')) as Raw;
  change(manifest);
  await writeFile(join(path, 'manifest.json'), JSON.stringify(manifest));
  return path;
}

const moveFile = (path: string) => (manifest: Raw) => {
  for (const each of [...manifest.files, ...manifest.parts]) each.path = path;
};

describe('a manifest', () => {
  it('reads back as it was written', async () => {
    const { path, manifest } = await makeBackup(await scratchDirectory());
    expect(await readManifest(path)).toEqual(manifest);
    expect(await readFile(join(path, 'manifest.json'), 'utf8')).toMatch(
      /^\{\n {2}"format": "vya-backup",\n {2}"version": 1,\n/,
    );
  });

  it('is never written over another one', async () => {
    const { path, manifest } = await makeBackup(await scratchDirectory());
    await expect(writeManifest(path, manifest)).rejects.toMatchObject({ code: 'EEXIST' });
  });

  it('is not written when it could not be read back', async () => {
    const { path, manifest } = await makeBackup(await scratchDirectory());
    await expect(writeManifest(path, { ...manifest, files: [] })).rejects.toMatchObject({
      kind: 'unexpected',
    });
  });

  it('may hold keys that this version does not know', async () => {
    const path = await tampered((manifest) => {
      manifest['colour'] = 'blue';
      Object.assign(manifest.files[0] ?? {}, { mood: 'good' });
    });
    expect((await readManifest(path)).files).toHaveLength(1);
  });

  it('of a newer version is refused with what is needed', async () => {
    const path = await tampered((manifest) =>
      Object.assign(manifest, { version: 2, parts: 'something new' }),
    );
    await expect(readManifest(path)).rejects.toMatchObject({
      kind: 'verification',
      message: expect.stringContaining('made by a newer vya: its format is 2, this vya knows up to 1'),
      hint: expect.stringContaining('reads format 2'),
    });
  });

  it('that is missing means that there is no backup', async () => {
    const directory = await scratchDirectory();
    await expect(readManifest(directory)).rejects.toMatchObject({ kind: 'not-found' });
    await expect(openBackup(join(directory, 'nothing'))).rejects.toMatchObject({ kind: 'not-found' });
  });

  it('that is cut short, empty, foreign or a link is refused', async () => {
    const { path } = await makeBackup(await scratchDirectory());
    const file = join(path, 'manifest.json');
    await truncate(file, 200);
    await expect(readManifest(path)).rejects.toMatchObject({
      kind: 'verification',
      message: expect.stringContaining('not JSON'),
    });
    for (const content of [
      '',
      '[]',
      'null',
      '{"name":"a package"}',
      '{"format":"vya-backup","version":"1"}',
    ]) {
      await writeFile(file, content);
      await expect(readManifest(path), content).rejects.toMatchObject({ kind: 'verification' });
    }
    const linked = await scratchDirectory();
    await symlink(file, join(linked, 'manifest.json'));
    await expect(readManifest(linked)).rejects.toMatchObject({ kind: 'verification' });
  });

  it('that cannot be opened is the storage’s fault, not the backup’s', async () => {
    const directory = await scratchDirectory();
    await mkdir(join(directory, 'manifest.json'));
    await expect(readManifest(directory)).rejects.toMatchObject({ kind: 'storage' });
  });
});

describe('a hostile manifest', () => {
  it.each([
    '/etc/passwd',
    '../other/file',
    'a/../../b',
    '..',
    '.',
    './file',
    'a//b',
    'a/',
    '',
    'a\nb',
    'a\0b',
    'manifest.json',
    'manifest.removing.json',
    'pin.json',
    'SHA256SUMS',
    'x'.repeat(3_000),
  ])('that names the file %j is refused', async (name) => {
    expect(isSafePath(name)).toBe(false);
    const path = await tampered(moveFile(name));
    await expect(readManifest(path)).rejects.toMatchObject({
      kind: 'verification',
      message: expect.stringMatching(/(parts|files)\.0\.path: is not a path/),
    });
  });

  it.each<[string, (manifest: Raw) => void]>([
    ['lists a file twice', (manifest) => manifest.files.push({ ...(manifest.files[0] as Raw['files'][0]) })],
    [
      'lists a part without its file',
      (manifest) => manifest.parts.push({ path: 'other.sql', format: 'sql', holds: [] }),
    ],
    [
      'lists a file of no part',
      (manifest) => manifest.files.push({ path: 'stray', size: 1, checksum: 'a'.repeat(64) }),
    ],
    [
      'takes a file for a directory',
      (manifest) => Object.assign(manifest.parts[0] ?? {}, { format: 'pg-directory' }),
    ],
    [
      'takes a file for a file and a directory',
      (manifest) =>
        manifest.files.push({ path: `${manifest.files[0]?.path}/inside`, size: 1, checksum: 'a'.repeat(64) }),
    ],
    [
      'has checksums of another kind',
      (manifest) => Object.assign(manifest.files[0] ?? {}, { checksum: 'a'.repeat(32) }),
    ],
    ['has a negative size', (manifest) => Object.assign(manifest.files[0] ?? {}, { size: -1 })],
    ['has no files', (manifest) => manifest.files.splice(0)],
    ['is of accounts, and of a database', (manifest) => Object.assign(manifest, { kind: 'accounts' })],
    ['has a time of no zone', (manifest) => Object.assign(manifest, { startedAt: '2026-01-09 02:00' })],
  ])('that %s is refused', async (_, change) => {
    await expect(readManifest(await tampered(change))).rejects.toMatchObject({ kind: 'verification' });
  });

  it('never leads out of the backup through a link', async () => {
    const { path, manifest } = await makeBackup(await scratchDirectory());
    const outside = await scratchDirectory();
    await writeFile(join(outside, 'toc.dat'), 'x');
    await symlink(outside, join(path, 'linked'));
    await symlink('/etc/passwd', join(path, 'passwd'));
    const backup = { path, manifest };
    for (const part of [
      { path: 'linked/toc.dat', format: 'sql' as const, holds: [] },
      { path: 'linked', format: 'pg-directory' as const, holds: [] },
      { path: 'passwd', format: 'sql' as const, holds: [] },
      { path: '../../../../etc/passwd', format: 'sql' as const, holds: [] },
      { path: 'missing', format: 'sql' as const, holds: [] },
    ]) {
      await expect(partPath(backup, part), part.path).rejects.toMatchObject({ kind: 'verification' });
    }
    expect(await partPath(backup, manifest.parts[0] as (typeof manifest.parts)[0])).toBe(
      join(path, manifest.files[0]?.path ?? ''),
    );
  });

  it('never crashes the reader, whatever it holds', async () => {
    const { path } = await makeBackup(await scratchDirectory());
    const file = join(path, 'manifest.json');
    const good = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    const keys = fc.constantFrom(...Object.keys(good), '__proto__', 'constructor');
    await fc.assert(
      fc.asyncProperty(fc.dictionary(keys, fc.jsonValue(), { minKeys: 1, maxKeys: 3 }), async (changes) => {
        await writeFile(file, JSON.stringify({ ...good, ...changes }));
        const result = await readManifest(path).catch((error: unknown) => error);
        expect(isVyaError(result, 'verification') || manifestSchema.safeParse(result).success).toBe(true);
      }),
      { numRuns: 300 },
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string({ unit: 'binary' })), async (text) => {
        await writeFile(file, text);
        expect(isVyaError(await readManifest(path).catch((error: unknown) => error), 'verification')).toBe(
          true,
        );
      }),
      { numRuns: 200 },
    );
  });
});
