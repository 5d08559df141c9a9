import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { access, constants, glob, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { env, platform } from 'node:process';
import { pipeline } from 'node:stream/promises';
import { getContainerRuntimeClient, ImageName } from 'testcontainers';
import { madeOnce } from './cache.ts';
import { checkRuns, libraryPlace } from './programs.ts';
import { ServerUnavailable } from './server.ts';

/** Folders of an image that may hold programs and what they load. */
const folders = ['bin', 'usr/bin', 'usr/sbin', 'lib', 'lib64', 'usr/lib', 'usr/lib64'];
const leftOut = ['*/locale/*', '*/python3*', '*/perl*', '*/gconv/*', '*/llvm*', '*/libLLVM*', '*/firmware/*'];

/**
 * A folder with client programs that came out of a server's image. On Linux they run as ordinary processes of this
 * machine, on the image's own C library, so that pipes, signals, files and process ids are what they are for an
 * operator; elsewhere the programs must be on PATH.
 */
export async function imageClients(image: string, names: string[]): Promise<string> {
  if (platform !== 'linux') return clientsOnPath(names);
  const tree = await madeOnce(`image-${await imageId(image)}-${names[0]}-r1`, async (folder) => {
    console.error(`Copying ${names.join(', ')} from the image ${image} to ${folder} (once) ...`);
    await copyTree(image, folder);
    await writeStarters(folder, names);
  });
  return join(tree, 'clients');
}

async function imageId(image: string): Promise<string> {
  const client = await getContainerRuntimeClient();
  const name = ImageName.fromString(image);
  if (!(await client.image.exists(name))) {
    console.error(`Pulling ${image} ...`);
    await client.image.pull(name);
  }
  return (await client.image.inspect(name)).Id.replace('sha256:', '').slice(0, 12);
}

async function copyTree(image: string, folder: string): Promise<void> {
  const client = await getContainerRuntimeClient();
  const container = await client.container.create({ Image: image });
  try {
    const exclusions = leftOut.map((pattern) => `--exclude=${pattern}`);
    const options = [
      '-x',
      '-f',
      '-',
      '-C',
      folder,
      '--no-same-owner',
      '--no-same-permissions',
      ...exclusions,
    ];
    const tar = spawn('tar', [...options, '--wildcards', ...folders.map((name) => `${name}*`)], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const closed = once(tar, 'close');
    await pipeline(await container.export(), tar.stdin);
    await closed;
  } finally {
    await container.remove({ force: true, v: true });
  }
}

/** Writes for each program a script that starts it on the image's own loader and libraries. */
async function writeStarters(tree: string, names: string[]): Promise<void> {
  const { loader, libraries } = await libraryPlace(tree);
  await mkdir(join(tree, 'clients'));
  for (const name of names) {
    const program = await programIn(tree, name);
    const starter = join(tree, 'clients', name);
    // pg_dumpall looks for pg_dump beside the name that it was called by.
    const options = `--library-path '${libraries.join(':')}' --argv0 '${starter}'`;
    const script = `#!/bin/sh\nexec '${loader}' ${options} '${program}' "$@"\n`;
    await writeFile(starter, script, { mode: 0o755 });
    await checkRuns(starter);
  }
}

/** PostgreSQL's own folder comes first: what lies in usr/bin is a script that chooses among versions. */
async function programIn(tree: string, name: string): Promise<string> {
  for await (const path of glob(`usr/lib/postgresql/*/bin/${name}`, { cwd: tree })) return join(tree, path);
  for (const folder of ['usr/bin', 'usr/sbin', 'bin']) {
    if (existsSync(join(tree, folder, name))) return join(tree, folder, name);
  }
  throw new Error(`the image holds no ${name}`);
}

async function clientsOnPath(names: string[]): Promise<string> {
  const found = new Map<string, string>();
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    for (const name of names) {
      const path = join(folder, name);
      const usable = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (usable && !found.has(name)) found.set(name, path);
    }
  }
  const missing = names.filter((name) => !found.has(name));
  if (missing.length > 0)
    throw new ServerUnavailable(`client programs missing on PATH: ${missing.join(', ')}`);
  const binDir = await mkdtemp(join(tmpdir(), 'vya-clients-'));
  for (const [name, path] of found) await symlink(path, join(binDir, name));
  process.once('exit', () => rmSync(binDir, { recursive: true, force: true }));
  return binDir;
}
