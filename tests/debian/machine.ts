import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { enclose, type Enclosure } from './enclosure.ts';
import { cachedRoot, databaseServer, debianIsMissing, mountPoint } from './root.ts';

/** What else the hour might begin on a Debian. */
const notWanted = ['apt-daily.timer', 'apt-daily-upgrade.timer', 'e2scrub_all.timer', 'dpkg-db-backup.timer'];

/** Why no systemd can run here, or undefined when one can. Said aloud: what is left out is not tested. */
export async function machineIsMissing(what: string): Promise<string | undefined> {
  const missing = await debianIsMissing(what);
  if (missing !== undefined) return missing;
  try {
    const cgroup = await makeCgroup();
    const folder = '/';
    const probe = await enclose({ folder, cgroup, copyAt: await mountPoint(), first: ['sleep', 'infinity'] });
    await probe.end();
    await removeCgroup(cgroup);
    return undefined;
  } catch (error) {
    const reason = (error as Error).message;
    process.stderr.write(`\nNOT TESTED HERE: ${what}; no systemd can run (${reason})\n\n`);
    return reason;
  }
}

/**
 * A database server's Debian (see `databaseServer`) with systemd as its first process, started to the end. Nothing is
 * mocked: units, timers, journal, sockets and cgroups are systemd's own. `end` it; it ends with this process at the
 * latest.
 *
 * @throws Error when no systemd can run here, with its reason
 */
export async function bootMachine(): Promise<Enclosure> {
  const folder = await cachedRoot(databaseServer);
  const cgroup = await makeCgroup();
  const machine = await enclose({
    folder,
    cgroup,
    copyAt: await mountPoint(),
    first: [
      '/lib/systemd/systemd',
      '--unit=multi-user.target',
      ...notWanted.map((unit) => `systemd.mask=${unit}`),
    ],
  });
  const end = async (): Promise<void> => {
    await machine.end();
    await removeCgroup(cgroup);
  };
  try {
    await started(machine);
    return { ...machine, end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function started(machine: Enclosure): Promise<void> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const { stdout, stderr } = await machine.enter(['systemctl', 'is-system-running', '--wait']);
    if (/^(running|degraded)$/.test(stdout.trim())) return;
    if (Date.now() > deadline) throw new Error(`systemd did not start: ${stdout}${stderr}`);
    await wait(200);
  }
}

/** A cgroup of a machine's own, with its owner in its name. What an owner that was killed left is empty, and goes. */
async function makeCgroup(): Promise<string> {
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

/** Where cgroups of version 2 are mounted, alone or beside the older ones. */
async function cgroupHierarchy(): Promise<string | undefined> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines.find((line) => / - cgroup2 /.test(line))?.split(' ')[4];
}

async function removeCgroup(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeCgroup(join(path, entry.name));
  }
  await rmdir(path);
}
