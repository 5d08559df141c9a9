import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { backUp, type Contract, databasesOf, type RestoreJson, sample } from './contract.ts';
import { fingerprint } from './fingerprint.ts';
import { filesIn } from './tree.ts';

/** What can happen to a backup, and the exit code that a restore of it must have. */
const damages: Record<string, { damage(directory: string): Promise<void>; code: number; kind: string }> = {
  'a truncated file': { damage: (directory) => change(directory, (content) => content.subarray(0, -20)), code: 8, kind: 'verification' },
  'a flipped bit': { damage: (directory) => change(directory, flipBit), code: 8, kind: 'verification' },
  'a missing file': { damage: async (directory) => rm(await biggest(directory)), code: 8, kind: 'verification' },
  'a missing manifest': { damage: (directory) => rm(join(directory, 'manifest.json')), code: 7, kind: 'not-found' },
  'an archive without its end, with checksums that fit': { damage: cutEnd, code: 8, kind: 'verification' },
};

export function damageCases(contract: Contract): void {
  test('a damaged backup is found by verify and by restore, and the target stays as it was (F4, F16)', async () => {
    const { space, server } = contract;
    const plain = await backUp(contract, 'main', ['--skip-prune']);
    const elsewhere = join(space.path, 'damaged');
    const env = { VYA_STORAGE__BASE_PATH: elsewhere };
    const before = { print: await fingerprint(server, sample), databases: await databasesOf(server) };
    for (const [index, { damage }] of Object.values(damages).entries()) {
      const copy = placeOf(elsewhere, index);
      await mkdir(join(copy, '..'), { recursive: true });
      await cp(plain.path, copy, { recursive: true });
      await damage(copy);
    }

    const verified = await space.vya(['verify', '--all', '--format', 'json'], { env });
    const found = verified.json<{ backups: { id: string; error?: { kind: string } }[] }>().backups;
    expect(verified.code).toBe(8);
    // Without its manifest a directory is no backup.
    expect(found.map(({ error }) => error?.kind)).toEqual(Object.keys(damages).slice(1).map(() => 'verification'));

    for (const [index, [name, { code, kind }]] of Object.entries(damages).entries()) {
      const file = ['--file', placeOf(elsewhere, index), '--target-instance', 'main'];
      const result = await space.vya(['restore', '--force', '--format', 'json', ...file], { env });
      expect(result.code, `${name}: ${result.stdout}`).toBe(code);
      expect(result.json<RestoreJson>().error, name).toMatchObject({ code, kind });
      expect({ print: await fingerprint(server, sample), databases: await databasesOf(server) }, name).toEqual(before);
    }
  });
}

/** The storage place of a damaged copy: one day for each. */
function placeOf(base: string, index: number): string {
  return join(base, 'main', sample, `2026010${index + 1}T020000Z`);
}

async function dataFiles(directory: string): Promise<string[]> {
  const own = ['manifest.json', 'SHA256SUMS'];
  return (await filesIn(directory)).filter((path) => !own.includes(relative(directory, path)));
}

async function biggest(directory: string): Promise<string> {
  const sizes = await Promise.all((await dataFiles(directory)).map(async (path) => ({ path, size: (await stat(path)).size })));
  return sizes.toSorted((a, b) => b.size - a.size)[0]?.path as string;
}

async function change(directory: string, to: (content: Buffer) => Buffer): Promise<void> {
  const path = await biggest(directory);
  await writeFile(path, to(await readFile(path)));
}

function flipBit(content: Buffer): Buffer {
  const middle = Math.floor(content.length / 2);
  content.writeUInt8(content.readUInt8(middle) ^ 0b0001_0000, middle);
  return content;
}

/** Cuts the archive so that only its own end tells: the manifest and the sums are made to fit what is left. */
async function cutEnd(directory: string): Promise<void> {
  await change(directory, (content) => content.subarray(0, -200));
  const manifestPath = join(directory, 'manifest.json');
  const manifest = JSON.parse(await readFile(manifestPath, 'utf8')) as { files: { path: string; size: number; checksum: string }[] };
  const sums: string[] = [];
  for (const file of manifest.files) {
    const content = await readFile(join(directory, file.path));
    file.size = content.length;
    file.checksum = createHash('sha256').update(content).digest('hex');
    sums.push(`${file.checksum}  ${file.path}\n`);
  }
  await writeFile(manifestPath, JSON.stringify(manifest));
  await writeFile(join(directory, 'SHA256SUMS'), sums.join(''));
}
