import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A cgroup of version 2 of an enclosure's own, with its owner in its name. What an owner that was killed left is
 * empty, and goes.
 *
 * @returns its directory
 * @throws Error when no cgroup can be made here, with the reason
 */
export async function makeCgroup(): Promise<string> {
  const hierarchy = await cgroupHierarchy();
  if (hierarchy === undefined) throw new Error('no cgroup hierarchy of version 2 is mounted');
  for (const name of await readdir(hierarchy)) {
    const owner = /^vya-test-(\d+)-/.exec(name)?.[1];
    if (owner && !existsSync(`/proc/${owner}`)) await removeCgroup(join(hierarchy, name)).catch(() => {});
  }
  const cgroup = join(hierarchy, `vya-test-${process.pid}-${randomBytes(6).toString('hex')}`);
  await mkdir(cgroup);
  return cgroup;
}

/** Removes a cgroup in which nothing runs any more, with those inside it. */
export async function removeCgroup(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeCgroup(join(path, entry.name));
  }
  await rmdir(path);
}

/** Where cgroups of version 2 are mounted, alone or beside the older ones. */
async function cgroupHierarchy(): Promise<string | undefined> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines.find((line) => / - cgroup2 /.test(line))?.split(' ')[4];
}
