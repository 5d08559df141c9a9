import { resolve } from 'node:path';
import { Command, Option } from '@commander-js/extra-typings';
import { VyaError } from '../../errors.ts';
import type { CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { cronTable } from '../schedule/cron.ts';
import {
  availableScheduler,
  findSchedules,
  installSchedule,
  type Place,
  removeSchedule,
  type Scheduler,
  showTimer,
} from '../schedule/install.ts';
import { parseTimeOfDay, planBackup } from '../schedule/plan.ts';
import { packagedUnits, serviceUnit, timerUnit } from '../schedule/systemd.ts';
import { prepareBaseFor } from '../run-as.ts';
import { openSetup } from '../setup.ts';

export function scheduleCommand(context: CliContext) {
  return new Command('schedule')
    .addCommand(printCommand(context))
    .addCommand(installCommand(context))
    .addCommand(removeCommand(context))
    .addCommand(statusCommand(context))
    .addHelpText('after', examples);
}

const examples = `
Examples:
  vya schedule install --at 02:30
  vya schedule print --cron --at 02:30 > /etc/cron.d/vya
  vya schedule status

The time is meant in the machine's time zone, which is printed with it. A timer makes up for a night in which the machine was off,
begins up to 15 minutes later, and lets everything else on the machine go first.`;

interface SchedulerFlags {
  systemd?: true | undefined;
  cron?: true | undefined;
}

function schedulerOptions<C extends Command>(command: C) {
  return command
    .addOption(new Option('--systemd', 'a systemd service and timer').conflicts('cron'))
    .option('--cron', 'a file for /etc/cron.d')
    .option('--at <HH:MM>', 'time of day, by the clock of the machine', parseTimeOfDay, '02:30')
    .option('--user <name>', 'the system user that backups run as (default: security.run_as, else root)');
}

function printCommand(context: CliContext) {
  return schedulerOptions(new Command('print'))
    .description('Print what would be installed.')
    .action(async ({ at, user, ...flags }, command) => {
      const plan = planBackup(await openSetup(context, command), { at, user });
      const scheduler = chosen(flags) ?? (await availableScheduler(placeOf(context, undefined)));
      const text = scheduler === 'cron' ? cronTable(plan) : `${serviceUnit(plan)}\n${timerUnit(plan)}`;
      context.finish({
        code: exitCodes.success,
        json: { status: 'ok', code: 0, scheduler, ...plan, text },
        text,
      });
    });
}

function installCommand(context: CliContext) {
  return schedulerOptions(new Command('install'))
    .description('Write the schedule and begin it; one of the other kind is taken away.')
    .addOption(rootOption())
    .action(async ({ at, user, root, ...flags }, command) => {
      const plan = planBackup(await openSetup(context, command, { staysRoot: true }), { at, user });
      const place = placeOf(context, root);
      const scheduler = chosen(flags) ?? (await availableScheduler(place));
      // The service may write there, and not make it.
      if (root === undefined) await prepareBaseFor(plan.user, plan.storage);
      const files = await installSchedule(scheduler, plan, place);
      context.finish({
        code: exitCodes.success,
        json: { status: 'ok', code: 0, scheduler, files, ...plan },
        text: [
          `Everything is backed up every day at ${at}, ${plan.timezone} time, by ${scheduler}.`,
          ...files.map((file) => `  ${file}`),
          'vya schedule status tells when it runs next, vya status what came of it.',
        ].join('\n'),
      });
    });
}

function removeCommand(context: CliContext) {
  return new Command('remove')
    .description('End the schedule and delete its files. Backups stay.')
    .addOption(rootOption())
    .action(async ({ root }) => {
      const place = placeOf(context, root);
      const found = await findSchedules(place);
      for (const { scheduler } of found) await removeSchedule(scheduler, place);
      const removed = found.map(({ file }) => file);
      context.finish({
        code: exitCodes.success,
        json: { status: 'ok', code: 0, removed },
        text: removed.length > 0 ? removed.map(endingOf).join('\n') : 'There was no schedule of vya.',
      });
    });
}

/** A package's own unit stays where it is. */
function endingOf(file: string): string {
  return file.startsWith(packagedUnits) ? `Disabled ${file}.` : `Removed ${file}.`;
}

function statusCommand(context: CliContext) {
  return new Command('status')
    .description('Tell whether backups are scheduled, and when the next one is.')
    .addOption(rootOption())
    .action(async ({ root }) => {
      const place = placeOf(context, root);
      const found = await findSchedules(place);
      if (found.length === 0) {
        throw new VyaError('not-found', 'No backup is scheduled', {
          hint: 'vya schedule install schedules one for every night; a cron line or unit of your own is not looked for.',
        });
      }
      const lines = await Promise.all(found.map((each) => describe(each, place)));
      context.finish({
        code: exitCodes.success,
        json: { status: 'ok', code: 0, schedules: lines.map(({ text: _, ...facts }) => facts) },
        text: lines.map(({ text }) => text).join('\n'),
      });
    });
}

interface Described {
  scheduler: Scheduler;
  file: string;
  active?: boolean;
  next?: string;
  last?: string;
  text: string;
}

async function describe(
  { scheduler, file }: { scheduler: Scheduler; file: string },
  place: Place,
): Promise<Described> {
  const known = { scheduler, file };
  if (scheduler === 'cron')
    return { ...known, text: `cron: ${file} (grep CRON in the system's log tells when it ran)` };
  if (place.root !== undefined) return { ...known, text: `systemd: ${file}, in an image` };
  const timer = await showTimer(place);
  const active = timer['ActiveState'] === 'active';
  const [next = '', last = ''] = [timer['NextElapseUSecRealtime'], timer['LastTriggerUSec']];
  const state = active
    ? `next run ${next || 'unknown'}`
    : `not active: systemctl enable --now vya-backup.timer`;
  return {
    ...known,
    active,
    next,
    last,
    text: `systemd: ${file}, ${state}${last === '' ? '' : `, last run ${last}`}`,
  };
}

function chosen({ systemd, cron }: SchedulerFlags): Scheduler | undefined {
  return systemd ? 'systemd' : cron ? 'cron' : undefined;
}

function rootOption() {
  return new Option(
    '--root <path>',
    'file system of an image: files are written there, and nothing is started',
  );
}

function placeOf({ env, signal, cwd }: CliContext, root: string | undefined): Place {
  return { root: root === undefined ? undefined : resolve(cwd, root), env, signal };
}
