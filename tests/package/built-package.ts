import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { glob, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder, madeOnce } from '../servers/cache.ts';
import { isDebian } from '../servers/debian.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = '{src,scripts,config,docs}/**';
const files = ['package.json', 'package-lock.json', 'LICENSE', 'CHANGELOG.md', 'README.md'];
const dayMs = 24 * 3_600_000;

/** The single executable that `npm run package` makes. */
export async function builtExecutable(): Promise<string> {
  return join(await built(), 'dist/vya');
}

/** The Debian package that `npm run package` makes, packed more loosely than for others; on a Debian. */
export async function builtPackage(): Promise<string> {
  const folder = join(await built(), 'dist');
  const [name] = (await readdir(folder)).filter((each) => each.endsWith('.deb'));
  return join(folder, name as string);
}

/** What `npm run package` makes of these sources, once for all who ask: another build only when one of them has changed. */
async function built(): Promise<string> {
  const folder = await madeOnce(`package-${await digestOfSources()}`, async (made) => {
    await forgetOldBuilds();
    const parts = (await isDebian()) ? '--quick' : '--only-executable';
    const args = ['scripts/dev.mjs', 'package', parts, '--output', join(made, 'dist')];
    await promisify(execFile)(execPath, args, { cwd: root });
  });
  const now = new Date();
  await utimes(join(folder, '.complete'), now, now);
  return folder;
}

async function digestOfSources(): Promise<string> {
  const hash = createHash('sha256');
  const found: string[] = [...files];
  for await (const entry of glob(sources, { cwd: root, withFileTypes: true, exclude: isNotRead })) {
    if (entry.isFile()) found.push(join(entry.parentPath, entry.name).slice(root.length));
  }
  for (const name of found.toSorted())
    hash
      .update(`${name}\0`)
      .update(await readFile(join(root, name)))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** What is no part of a package, and large. */
function isNotRead({ name }: { name: string }): boolean {
  return ['node_modules', 'bench', 'demo'].includes(name);
}

/** Each is some hundred megabytes; whoever still uses one asked for it today. */
async function forgetOldBuilds(): Promise<void> {
  for await (const mark of glob('package-*/.complete', { cwd: cacheFolder() })) {
    const path = join(cacheFolder(), mark);
    if (Date.now() - (await stat(path)).mtimeMs < dayMs) continue;
    await rm(join(path, '..'), { recursive: true, force: true });
  }
}
