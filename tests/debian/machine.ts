import { setTimeout as wait } from 'node:timers/promises';
import { makeCgroup, removeCgroup } from './cgroup.ts';
import { enclose, type Enclosure } from './enclosure.ts';
import { cachedRoot, databaseServer, debianIsMissing, mountPoint } from './root.ts';

/** What else the hour might begin on a Debian. */
const notWanted = ['apt-daily.timer', 'apt-daily-upgrade.timer', 'e2scrub_all.timer', 'dpkg-db-backup.timer'];

/** Why no systemd can run here, or undefined when one can. Said aloud: what is left out is not tested. */
export async function machineIsMissing(what: string): Promise<string | undefined> {
  return await debianIsMissing(what, { withCgroup: true });
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
