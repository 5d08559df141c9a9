import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { env, getuid } from 'node:process';

export const isRoot = getuid?.() === 0;

/**
 * Where fetched programs are kept between runs. Root's own cache lies in a home that nobody else may enter, and
 * the servers do not run as root, so root keeps them in /var/cache.
 */
export function cacheFolder(): string {
  if (env['VYA_DEV_CACHE']) return env['VYA_DEV_CACHE'];
  if (isRoot) return '/var/cache/vya-dev';
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'vya-dev');
}

/** Runs `work` while no other process runs work of this name; the kernel frees the lock of a killed process. */
async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const file = join(cacheFolder(), `${name}.lock`);
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(holder, 'close');
  try {
    await Promise.race([
      once(holder.stdout, 'data'),
      closed.then(() => Promise.reject(new Error(`cannot lock ${file}`))),
    ]);
    return await work();
  } finally {
    holder.stdin.end();
    await closed;
  }
}

const underway = new Map<string, Promise<string>>();

/**
 * The cached folder `name`, made by `make` if it is not there yet. What was not made to its end carries no mark and is
 * made again.
 */
export function madeOnce(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const known = underway.get(name);
  if (known) return known;
  const made = makeFolder(name, make);
  underway.set(name, made);
  made.catch(() => underway.delete(name));
  return made;
}

async function makeFolder(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheFolder(), name);
  const mark = join(folder, '.complete');
  if (existsSync(mark)) return folder;
  await mkdir(cacheFolder(), { recursive: true, mode: 0o755 });
  return withLock(name, async () => {
    if (existsSync(mark)) return folder;
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o755 });
    await make(folder);
    await writeFile(mark, '');
    return folder;
  });
}
