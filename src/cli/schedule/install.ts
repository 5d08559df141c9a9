import { chmod, lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode, VyaError } from '../../errors.ts';
import { capture } from '../../exec/capture.ts';
import { cronFile, cronTable } from './cron.ts';
import type { SchedulePlan } from './plan.ts';
import { packagedUnits, serviceName, serviceUnit, timerName, timerUnit, unitDirectory } from './systemd.ts';

export type Scheduler = 'systemd' | 'cron';

/** Where a schedule goes. `root` is another machine's file system (an image): then nothing is started. */
export interface Place {
  root: string | undefined;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

const unitFiles = [join(unitDirectory, serviceName), join(unitDirectory, timerName)] as const;
/** What `systemctl enable` makes. */
const enabledLink = join(unitDirectory, 'timers.target.wants', timerName);

/** systemd where it runs, else cron. */
export async function availableScheduler({ root }: Place): Promise<Scheduler> {
  return (await exists(
    join(root ?? '/', root === undefined ? 'run/systemd/system' : 'usr/lib/systemd/systemd'),
  ))
    ? 'systemd'
    : 'cron';
}

/** Which schedules are there, and in which files. */
export async function findSchedules({
  root = '/',
}: Place): Promise<{ scheduler: Scheduler; file: string }[]> {
  const found: { scheduler: Scheduler; file: string }[] = [];
  if (await exists(join(root, unitFiles[1]))) found.push({ scheduler: 'systemd', file: unitFiles[1] });
  // The package's own, which an operator enabled without vya.
  else if (await exists(join(root, enabledLink)))
    found.push({ scheduler: 'systemd', file: join(packagedUnits, timerName) });
  if (await exists(join(root, cronFile))) found.push({ scheduler: 'cron', file: cronFile });
  return found;
}

/**
 * Writes a schedule and begins it. One of the other kind is taken away: two would back up twice.
 *
 * @returns the files
 * @throws VyaError `storage` where they cannot be written, `failed` naming what systemctl said
 */
export async function installSchedule(
  scheduler: Scheduler,
  plan: SchedulePlan,
  place: Place,
): Promise<string[]> {
  const files =
    scheduler === 'cron'
      ? [[cronFile, cronTable(plan)] as const]
      : [[unitFiles[0], serviceUnit(plan)] as const, [unitFiles[1], timerUnit(plan)] as const];
  for (const [path, content] of files) await write(join(place.root ?? '/', path), content);
  for (const { scheduler: other } of await findSchedules(place)) {
    if (other !== scheduler) await removeSchedule(other, place);
  }
  if (scheduler === 'systemd') {
    await systemctl(place, 'daemon-reload');
    await systemctl(place, 'enable', '--now', timerName);
  }
  return files.map(([path]) => path);
}

/** Ends a schedule and deletes its files; a run that is under way goes on. Throws like installSchedule. */
export async function removeSchedule(scheduler: Scheduler, place: Place): Promise<void> {
  if (scheduler === 'systemd') await systemctl(place, 'disable', '--now', timerName);
  for (const path of scheduler === 'cron' ? [cronFile] : unitFiles) {
    await orExplain(path, () => rm(join(place.root ?? '/', path), { force: true }));
  }
  if (scheduler !== 'systemd') return;
  await systemctl(place, 'daemon-reload');
  // A unit that failed would be listed for ever; of one that did not, systemctl knows nothing any more.
  if (place.root === undefined) await systemctl(place, 'reset-failed', serviceName).catch(() => {});
}

/** Asks systemd about the timer: properties by their names. */
export async function showTimer(place: Place): Promise<Record<string, string>> {
  const properties = 'ActiveState,NextElapseUSecRealtime,LastTriggerUSec';
  const { stdout } = await capture(command(place, 'show', timerName, `--property=${properties}`), place);
  return Object.fromEntries(
    stdout.split('\n').flatMap((line) => (line.includes('=') ? [line.split(/=(.*)/s, 2)] : [])),
  );
}

/** In an image there is no systemd to talk to: it only makes and takes away the links of what is enabled. */
async function systemctl(place: Place, verb: string, ...rest: string[]): Promise<void> {
  if (place.root === undefined) {
    await capture(command(place, verb, ...rest), place);
  } else if (verb !== 'daemon-reload') {
    const words = rest.filter((word) => word !== '--now');
    await capture(command(place, `--root=${place.root}`, verb, ...words), place);
  }
}

function command(
  { env }: Place,
  ...args: string[]
): { file: string; args: string[]; env: Record<string, string> } {
  return { file: 'systemctl', args, env: { PATH: env['PATH'] ?? '/usr/bin:/bin' } };
}

async function write(path: string, content: string): Promise<void> {
  await orExplain(path, async () => {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    const draft = `${path}.vya-new`;
    await writeFile(draft, content);
    // Whatever vya's umask: systemd complains of units that not everybody can read.
    await chmod(draft, 0o644);
    await rename(draft, path);
  });
}

async function orExplain(path: string, work: () => Promise<void>): Promise<void> {
  await work().catch((error: unknown) => {
    throw new VyaError('storage', `Cannot write ${path}: ${(error as Error).message}`, {
      hint: ['EACCES', 'EPERM'].includes(systemCode(error) ?? '')
        ? 'Run it as root, or print the schedule with vya schedule print and put it where you may.'
        : 'Mend what the message names and run again.',
      cause: error,
    });
  });
}

async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}
