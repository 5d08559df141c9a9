import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunOptions, VyaResult } from './vya.ts';

const recorder = new URL('fixtures/record-loaded.ts', import.meta.url);

/** Runs vya and answers which packages it loaded code of: from node_modules, or out of a bundle's files. */
export async function loadedPackages(
  run: (options: RunOptions) => Promise<VyaResult>,
  { env = {}, ...options }: RunOptions = {},
): Promise<{ result: VyaResult; packages: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'vya-test-loaded-'));
  const file = join(folder, 'loaded');
  try {
    const recorded = { ...env, NODE_OPTIONS: `--import=${recorder.href}`, VYA_TEST_LOADED: file };
    const result = await run({ ...options, env: recorded });
    const urls = (await readFile(file, 'utf8')).trim().split('\n');
    const packages = await Promise.all([...new Set(urls)].map(packagesIn));
    return { result, packages: [...new Set(packages.flat())].toSorted() };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A file of a package is of that one; a file of a bundle says what was put into it. */
async function packagesIn(url: string): Promise<string[]> {
  const path = fileURLToPath(url);
  if (path.includes('/vya-backupdb/dist/')) return packagesNamedIn(await readFile(path, 'utf8'));
  const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
  return name === undefined ? [] : [name];
}

/** The packages that a file of the bundle names at its end. */
export function packagesNamedIn(bundled: string): string[] {
  const names = bundled.matchAll(/^\/\/ Holds code of (?:.*\/)?node_modules\/(.+)$/gm);
  return [...names].map(([, name]) => name as string);
}
