import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type PrivateApt, privateApt } from '../servers/debian.ts';
import { enterFolder } from './enclosure.ts';

const run = promisify(execFile);

/** Debian 12, whatever the machine runs. */
export const suite = 'bookworm';
/** What debootstrap calls minbase. */
const least = '?or(?essential, ?priority(required))';
const archives = 'var/cache/apt/archives';

/**
 * Installs Debian's least set of packages and `packages` with what they need (no recommendations) into an empty
 * folder, each by its own scripts. Packages come from the mirror of the machine's own configuration, checked by apt;
 * the new system knows no mirror. Needs root.
 */
export async function bootstrap(folder: string, packages: readonly string[]): Promise<void> {
  const apt = await privateApt(suite, folder);
  try {
    const base = await download(apt, [least]);
    const all = await download(apt, [least, ...packages]);
    await layOut(folder);
    await unpack(apt, base, folder);
    for (const name of all) await copyFile(debOf(apt, name), join(folder, archives, name));
    await configure(folder, base, all);
  } finally {
    await rm(apt.folder, { recursive: true, force: true });
  }
  for (const name of ['usr/sbin/policy-rc.d', archives]) await rm(join(folder, name), { recursive: true });
  await mkdir(join(folder, archives, 'partial'), { recursive: true });
}

/** File names of the packages, with what they need. */
async function download({ folder, configuration }: PrivateApt, packages: string[]): Promise<string[]> {
  await run('apt-get', ['-c', configuration, '-qq', '--download-only', 'install', ...packages]);
  return (await readdir(join(folder, 'cache/archives'))).filter((name) => name.endsWith('.deb'));
}

function debOf({ folder }: PrivateApt, name: string): string {
  return join(folder, 'cache/archives', name);
}

/** What has to be there before the first package: directories that are links since Debian 12, and a ban on services. */
async function layOut(folder: string): Promise<void> {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    await mkdir(join(folder, 'usr', name), { recursive: true });
    await symlink(`usr/${name}`, join(folder, name));
  }
  for (const name of ['proc', 'sys', 'dev', archives]) await mkdir(join(folder, name), { recursive: true });
  await mkdir(join(folder, 'run'));
  await writeFile(join(folder, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
}

async function unpack(apt: PrivateApt, names: string[], folder: string): Promise<void> {
  const tar = await mkdtemp(join(apt.folder, 'tar-'));
  for (const name of names) {
    const content = join(tar, 'content');
    await run('sh', ['-c', 'dpkg-deb --fsys-tarfile "$1" > "$2"', 'sh', debOf(apt, name), content]);
    await run('tar', ['-x', '-p', '--keep-directory-symlink', '-f', content, '-C', folder]);
  }
  await writeFile(join(folder, 'var/lib/dpkg/status'), '');
}

/** The base is there already, but for what their scripts do; then apt can put the others in order. */
async function configure(folder: string, base: string[], all: string[]): Promise<void> {
  const inside = (names: string[]): string[] => names.map((name) => `/${archives}/${name}`);
  const quick = ['-o', 'DPkg::Options::=--force-unsafe-io', '-o', 'APT::Sandbox::User=root'];
  const installing = await enterFolder(folder);
  try {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    const dpkg = ['dpkg', '--force-depends', '--force-unsafe-io', '--install', ...inside(base)];
    const apt = ['apt-get', '-y', '-qq', ...quick, '--no-install-recommends', 'install', ...inside(all)];
    for (const argv of [dpkg, apt]) {
      const { code, stdout, stderr } = await installing.enter(argv, { env });
      if (code !== 0) throw new Error(`${argv[0]} in ${folder} ended with ${code}\n${stdout}\n${stderr}`);
    }
  } finally {
    await installing.end();
  }
}
