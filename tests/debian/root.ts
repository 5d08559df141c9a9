import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, isRoot, madeOnce } from '../servers/cache.ts';
import { isDebian } from '../servers/debian.ts';
import { bootstrap } from './bootstrap.ts';
import { makeCgroup, removeCgroup } from './cgroup.ts';
import { enclose, type Enclosure } from './enclosure.ts';

/** Changes whenever the way in which these folders are made changes, so that older ones are left alone. */
const revision = 'r1';

/** What a database server with vya's means has beside the least set. */
export const databaseServer = [
  ...['systemd', 'systemd-sysv', 'dbus', 'cron', 'ca-certificates', 'zstd'],
  ...['mariadb-server', 'mariadb-client', 'postgresql', 'postgresql-client'],
];

interface Needs {
  /** A cgroup of its own, which systemd and Docker engines need. */
  withCgroup?: boolean;
}

/** Why no bare Debian can be had here, or undefined when one can. Said aloud: what is left out is not tested. */
export async function debianIsMissing(what: string, needs: Needs = {}): Promise<string | undefined> {
  const reason = await obstacle(needs);
  if (reason !== undefined) process.stderr.write(`\nNOT TESTED HERE: ${what}; ${reason}\n\n`);
  return reason;
}

async function obstacle({ withCgroup = false }: Needs): Promise<string | undefined> {
  if (!isRoot) return 'a bare Debian needs root';
  if (!(await isDebian())) return "a bare Debian is made by Debian's own apt";
  let cgroup = '';
  try {
    if (withCgroup) cgroup = await makeCgroup();
    const first = ['sleep', 'infinity'];
    await (await enclose({ folder: '/', first, copyAt: await mountPoint(), cgroup })).end();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    if (cgroup) await removeCgroup(cgroup).catch(() => {});
  }
}

/**
 * A private copy of a Debian 12 with the least set of packages and `packages`, fetched once per machine. It has no
 * network but loopback, no mirror, and no service runs. `end` it; it ends with this process at the latest.
 */
export async function debianRoot({
  packages = [],
}: { packages?: readonly string[] } = {}): Promise<Enclosure> {
  const folder = await cachedRoot(packages);
  return enclose({ folder, copyAt: await mountPoint(), first: ['sleep', 'infinity'] });
}

/** The folder that holds such a system, for copies only. */
export function cachedRoot(packages: readonly string[]): Promise<string> {
  return madeOnce(cacheName('debian-12', packages), async (folder) => {
    console.error(`Making a bare Debian with [${packages.join(' ')}] in ${folder} (once) ...`);
    await bootstrap(folder, packages);
  });
}

/** The name in the cache of what is made of `packages`. */
export function cacheName(kind: string, packages: readonly string[]): string {
  const list = packages.toSorted().join(' ');
  return `${kind}-${createHash('sha256').update(list).digest('hex').slice(0, 8)}-${revision}`;
}

/** An empty directory: each copy is mounted over it in a namespace of its own. */
export async function mountPoint(): Promise<string> {
  const path = join(cacheFolder(), 'mount-point');
  await mkdir(path, { recursive: true });
  return path;
}
