import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { madeOnce } from '../servers/cache.ts';
import { privateApt } from '../servers/debian.ts';
import { suite } from './bootstrap.ts';
import { cachedRoot, cacheName } from './root.ts';

const run = promisify(execFile);
const place = 'srv/archive';
const sources = 'etc/apt/sources.list.d/archive.list';

/** What is to be laid over the root of a bare Debian. */
export const archiveFiles = [`./${place}`, `./${sources}`];

/**
 * The folder with `archiveFiles`, fetched once per machine: with them a bare Debian's apt has a mirror, its own disk,
 * that holds `packages` with what they need. No network is needed to install them.
 */
export async function packageArchive(packages: readonly string[]): Promise<string> {
  const root = await cachedRoot([]);
  return await madeOnce(cacheName('archive', packages), async (folder) => {
    console.error(`Fetching [${packages.join(', ')}] from Debian into ${folder} (once) ...`);
    await mkdir(join(folder, place), { recursive: true });
    await download(packages, root, folder);
    await writeFile(join(folder, place, 'Packages'), await index(join(folder, place)));
    await mkdir(dirname(join(folder, sources)), { recursive: true });
    await writeFile(join(folder, sources), `deb [trusted=yes] file:/${place} ./\n`);
  });
}

async function download(packages: readonly string[], root: string, folder: string): Promise<void> {
  const apt = await privateApt(suite, folder);
  try {
    // What is there already is not fetched again.
    await copyFile(join(root, 'var/lib/dpkg/status'), join(apt.folder, 'status'));
    await run('apt-get', ['-c', apt.configuration, '-qq', '--download-only', 'install', ...packages]);
    const archives = join(apt.folder, 'cache/archives');
    for (const name of await readdir(archives)) {
      if (name.endsWith('.deb')) await copyFile(join(archives, name), join(folder, place, name));
    }
  } finally {
    await rm(apt.folder, { recursive: true, force: true });
  }
}

/** What apt reads of an archive: each package's control file, where it is and what it must be. */
async function index(folder: string): Promise<string> {
  const stanzas: string[] = [];
  for (const name of await readdir(folder)) {
    const content = await readFile(join(folder, name));
    const { stdout } = await run('dpkg-deb', ['--field', join(folder, name)]);
    const sha256 = createHash('sha256').update(content).digest('hex');
    stanzas.push(`${stdout.trim()}\nFilename: ./${name}\nSize: ${content.length}\nSHA256: ${sha256}\n`);
  }
  return stanzas.join('\n');
}
