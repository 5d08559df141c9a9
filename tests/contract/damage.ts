import { cp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { throughFault } from '../faults/through-fault.ts';
import { backUp, type Contract, databasesOf, type RestoreJson, sample } from './contract.ts';
import type { TestServer } from '../servers/server.ts';
import { fingerprint } from './fingerprint.ts';
import { fitSums } from './tampering.ts';
import { filesIn } from './tree.ts';

/** What can happen to a backup, and the exit code that verifying and restoring it must have. */
const damages: {
  what: string;
  damage(this: void, directory: string): Promise<void>;
  code: number;
  kind: string;
}[] = [
  { what: 'a truncated file', damage: truncate, code: 8, kind: 'verification' },
  { what: 'a flipped bit', damage: (directory) => change(directory, flipBit), code: 8, kind: 'verification' },
  {
    what: 'a missing file',
    damage: async (directory) => rm(await biggest(directory)),
    code: 8,
    kind: 'verification',
  },
  {
    what: 'a missing manifest',
    damage: (directory) => rm(join(directory, 'manifest.json')),
    code: 7,
    kind: 'not-found',
  },
  { what: 'a cut archive with fitting checksums', damage: cutEnd, code: 8, kind: 'verification' },
];

export function damageCases(contract: Contract): void {
  let plain: string;
  let before: unknown;

  test.each(damages)(
    '$what is found by verify and by restore, and the target stays as it was (F4, F16)',
    async (damaged) => {
      const { space, server } = contract;
      plain ??= await plainBackup(contract);
      before ??= await stateOf(server);
      const base = join(space.path, `damaged by ${damaged.what}`);
      const copy = join(base, relative(space.storagePath, plain));
      await cp(plain, copy, { recursive: true });
      await damaged.damage(copy);

      const env = { VYA_STORAGE__BASE_PATH: base };
      const selection = ['--instance', 'main', '--database', sample, '--latest'];
      await throughFault(
        `${damaged.what}, ${contract.kind}`,
        space.storagePath,
        async () => ({
          verified: await space.vya(['verify', '--all', '--format', 'json'], { env }),
          restored: await space.vya(['restore', '--force', '--format', 'json', ...selection], { env }),
        }),
        async ({ verified, restored }) => {
          expect(verified).toMatchObject({ code: damaged.code });
          expect(restored).toMatchObject({ code: damaged.code });
          expect(restored.json<RestoreJson>().error).toMatchObject({
            code: damaged.code,
            kind: damaged.kind,
          });
          expect(await stateOf(server)).toEqual(before);
        },
      );
    },
  );
}

/** Of its own, and not compressed: a cut is then a cut in the dump itself. */
async function plainBackup(contract: Contract): Promise<string> {
  await contract.space.configure({ storage: { compression: 'none' } });
  const { path } = await backUp(contract, 'main', ['--skip-prune']);
  await contract.space.configure({});
  return path;
}

async function stateOf(server: TestServer): Promise<unknown> {
  return { databases: await databasesOf(server), print: await fingerprint(server, sample) };
}

async function dataFiles(directory: string): Promise<string[]> {
  const own = ['manifest.json', 'SHA256SUMS'];
  return (await filesIn(directory)).filter((path) => !own.includes(relative(directory, path)));
}

async function biggest(directory: string): Promise<string> {
  const sizes = await Promise.all(
    (await dataFiles(directory)).map(async (path) => ({ path, size: (await stat(path)).size })),
  );
  return sizes.toSorted((a, b) => b.size - a.size)[0]?.path as string;
}

function truncate(directory: string): Promise<void> {
  return change(directory, (content) => content.subarray(0, -20));
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
  await fitSums(directory);
}
