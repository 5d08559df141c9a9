import { execFile } from 'node:child_process';
import { glob, mkdir, symlink } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { madeOnce } from './cache.ts';
import { unpackDebian } from './debian.ts';
import { kindFacts, toolFacts } from './kinds.ts';
import type { ServerKind } from './kinds.ts';

const run = promisify(execFile);

/** A server's programs, unpacked from Debian's packages and made to run against the libraries that came with them. */
export interface Programs {
  /** The folder in which the packages were unpacked. */
  tree: string;
  /** The client programs, and nothing else. */
  binDir: string;
  server: string;
}

/** Changes whenever the way in which a folder is made changes, so that older folders are left alone. */
const revision = 'r2';
const toolRevision = 'r3';

/** A folder with the zstd and strace programs. */
export async function localTools(): Promise<string> {
  return join(await toolTree(), 'clients');
}

/** Fetches, once per machine, the programs of a kind. Needs the Debian archive, and no root. */
export async function localPrograms(kind: ServerKind): Promise<Programs> {
  const facts = kindFacts[kind];
  const tree = await madeOnce(`${kind}-${revision}`, async (folder) => {
    console.error(`Fetching the programs of ${kind} from Debian into ${folder} (once) ...`);
    const tools = await toolTree();
    await unpackDebian(folder, facts);
    const patchelf = join(tools, 'patchelf');
    for (const path of await executables(folder, facts.programFolders, patchelf)) {
      await run(patchelf, await patchArguments(folder, path));
    }
    await linkPrograms(folder, facts.programFolders, facts.clients);
    await checkRuns(join(folder, facts.server));
  });
  return { tree, binDir: join(tree, 'clients'), server: join(tree, facts.server) };
}

/** Unpacked tools, among them a `patchelf` that runs here. */
export function toolTree(): Promise<string> {
  return madeOnce(`tools-${toolRevision}`, async (folder) => {
    await unpackDebian(folder, {
      suites: [toolFacts.suite],
      packages: toolFacts.packages,
      mainPackage: 'zstd',
      version: '1',
    });
    const { loader, libraries } = await libraryPlace(folder);
    const patchelf = join(folder, 'usr/bin/patchelf');
    // patchelf cannot rewrite the file that it is running from.
    const throughLoader = ['--library-path', libraries.join(':'), patchelf];
    const patched = join(folder, 'patchelf');
    await run(loader, [...throughLoader, ...(await patchArguments(folder, patchelf)), '--output', patched]);
    for (const name of toolFacts.programs) {
      await run(patched, await patchArguments(folder, join(folder, 'usr/bin', name)));
    }
    await linkPrograms(folder, ['usr/bin'], toolFacts.programs);
    for (const name of toolFacts.programs) await checkRuns(join(folder, 'clients', name));
  });
}

/** Fails when a program does not even tell its version. */
export async function checkRuns(program: string): Promise<void> {
  await run(program, ['--version'], { env: {} });
}

/** What makes patchelf tie a program to the loader and the libraries that were unpacked with it. */
export async function patchArguments(tree: string, program: string): Promise<string[]> {
  const { loader, libraries } = await libraryPlace(tree);
  return ['--set-interpreter', loader, '--force-rpath', '--set-rpath', libraries.join(':'), program];
}

/** The dynamic loader of an unpacked C library, Debian's or another, and the folders that it has to search. */
export async function libraryPlace(tree: string): Promise<{ loader: string; libraries: string[] }> {
  const [loader] = await found(tree, '{{usr/lib,lib}/*-linux-gnu,{usr/lib64,lib64}}/ld-linux*.so.*');
  if (!loader) throw new Error(`no dynamic loader in ${tree}`);
  const own = relative(tree, dirname(loader)).replace(/^usr\//, '');
  const folders = [own, `usr/${own}`, 'usr/lib/mysql/private', 'usr/lib64/mysql/private'];
  return {
    loader,
    libraries: folders.map((name) => join(tree, name)).filter((folder) => existsSync(folder)),
  };
}

/** The programs below `folders` that are loaded dynamically: no scripts, nothing static. */
async function executables(tree: string, folders: string[], patchelf: string): Promise<string[]> {
  const listed = await Promise.all(folders.map((folder) => found(tree, `${folder}/*`)));
  const paths = listed.flat();
  const dynamic = await Promise.all(
    paths.map((path) =>
      run(patchelf, ['--print-interpreter', path]).then(
        () => true,
        () => false,
      ),
    ),
  );
  return paths.filter((_, index) => dynamic[index]);
}

async function linkPrograms(tree: string, folders: string[], names: string[]): Promise<void> {
  await mkdir(join(tree, 'clients'));
  for (const name of names) {
    const folder = folders.find((candidate) => existsSync(join(tree, candidate, name)));
    if (!folder) throw new Error(`${name} did not come with the packages in ${tree}`);
    await symlink(join('..', folder, name), join(tree, 'clients', name));
  }
}

/** Paths of regular files (not of links) below `tree` that match. */
async function found(tree: string, pattern: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of glob(pattern, { cwd: tree, withFileTypes: true })) {
    if (entry.isFile()) paths.push(join(entry.parentPath, entry.name));
  }
  return paths;
}
