import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

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
    if (owner && !existsSync(`/proc/${owner}`)) await removeCgroup(join(hierarchy, name), 0).catch(() => {});
  }
  const cgroup = join(hierarchy, `vya-test-${process.pid}-${randomBytes(6).toString('hex')}`);
  await mkdir(cgroup);
  return cgroup;
}

/**
 * Removes a cgroup in which nothing runs any more, with those inside it.
 *
 * @param patienceMs how long the last processes may take to be gone: they are for a moment after nobody sees them
 */
export async function removeCgroup(path: string, patienceMs = 60_000): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeCgroup(join(path, entry.name), patienceMs);
  }
  for (;;) {
    try {
      await rmdir(path);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || Date.now() >= deadline) throw error;
      await wait(20);
    }
  }
}

/** Where cgroups of version 2 are mounted, alone or beside the older ones. */
export async function cgroupHierarchy(): Promise<string | undefined> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines.find((line) => / - cgroup2 /.test(line))?.split(' ')[4];
}
