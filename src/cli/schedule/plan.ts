import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { isSea } from 'node:sea';
import { VyaError } from '../../errors.ts';
import type { Setup } from '../setup.ts';

/** What is to run, when, and where it has to write. */
export interface SchedulePlan {
  /** Program and arguments, with absolute paths: neither cron nor systemd has a PATH to rely on. */
  command: string[];
  /** `02:30` */
  at: string;
  /** IANA name of the zone in which that is meant: the machine's. Undefined: whatever it is then. */
  timezone: string | undefined;
  /** The system's user that it runs as. */
  user: string;
  storage: string;
  /** Directories that it writes to besides, if they are there. */
  writes: string[];
  /** Something that it needs, such as a server's socket, lies in a directory for temporary files. */
  usesTemporary: boolean;
}

/** Hours and minutes of a day. Throws VyaError `usage`. */
export function parseTimeOfDay(text: string): string {
  if (/^([01]\d|2[0-3]):[0-5]\d$/.test(text)) return text;
  throw new VyaError('usage', `“${text}” is no time of day`, {
    hint: 'Write hours and minutes, such as 02:30.',
  });
}

/** The nightly backup of everything that is configured, as this vya with this configuration would make it. */
export function planBackup(
  { config, configPath }: Pick<Setup, 'config' | 'configPath'>,
  { at, user }: { at: string; user?: string | undefined },
): SchedulePlan {
  const { storage, logging, metrics } = config;
  const command = [...ownCommand(), '--config', configPath, '--quiet', 'backup'];
  const files = [logging.output === 'console' ? undefined : logging.output, metrics.textfile];
  const directories = files.flatMap((file) => (file === undefined ? [] : [dirname(file)]));
  return {
    command,
    at,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    user: user ?? config.security.runAs ?? 'root',
    storage: storage.basePath,
    writes: [...new Set(directories)],
    usesTemporary: /"\/(var\/)?tmp\//.test(JSON.stringify([command, config])),
  };
}

/** Node and the script that it runs; the single executable holds both. */
function ownCommand(): string[] {
  const script = process.argv[1];
  return isSea() || script === undefined ? [process.execPath] : [process.execPath, realpathSync(script)];
}
