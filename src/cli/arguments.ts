import { availableParallelism } from 'node:os';
import { Option } from '@commander-js/extra-typings';
import { InvalidArgumentError } from 'commander';
import { parseDay } from './moment.ts';

/** An option that may be given several times; without it, an empty list. */
export function severalOption<Flags extends string>(flags: Flags, description: string, absent = 'all') {
  return new Option(flags, `${description} (may be given several times)`)
    .argParser((value: string, earlier: string[]) => [...earlier, value])
    .default([] as string[], absent);
}

/** `--wait`, as every command that takes a lock has it. */
export function waitOption() {
  return new Option('--wait <seconds>', 'wait for a lock that another run holds, instead of exiting with 11')
    .argParser(seconds)
    .default(0);
}

/** `--from`, as the commands that only read backups have it: storage that was carried to another machine. */
export function fromOption() {
  return new Option('--from <path>', 'look for backups in this storage tree instead of storage.base_path');
}

/** `--at`, for those that restore. */
export function atOption() {
  const text = 'the newest backup started at or before this moment';
  return new Option('--at <time>', text).conflicts(['id', 'file']);
}

/** `--id`, for those that take one backup. */
export function idOption() {
  return new Option('--id <backup>', 'this backup: any tail of its id that fits only one').conflicts('file');
}

/** `--credential`, as the commands that write to a server have it: accounts for backups may only read. */
export function credentialOption() {
  return new Option('--credential <id>', "log in with this stored credential instead of the instance's own");
}

/** `--jobs`, for those that load: more than four clients seldom load faster. */
export function jobsOption(description: string) {
  return new Option('--jobs <n>', description)
    .argParser(count)
    .default(Math.min(4, availableParallelism()), 'the processors here, 4 at most');
}

/** A whole number from 1 up. */
export function count(value: string): number {
  return wholeNumber(value, 1, Number.MAX_SAFE_INTEGER, 'a whole number from 1 up');
}

export function level(value: string): number {
  return wholeNumber(value, 1, 9, 'a whole number from 1 to 9');
}

function seconds(value: string): number {
  return wholeNumber(value, 0, 7 * 86_400, 'a number of seconds from 0 to 604800');
}

export function day(value: string): string {
  return parseDay(value);
}

function wholeNumber(value: string, least: number, most: number, what: string): number {
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new InvalidArgumentError(`It must be ${what}.`);
}
