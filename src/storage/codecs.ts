import { access, constants } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { VyaError } from '../errors.ts';
import type { Command } from '../exec/command.ts';
import { ownProgram } from '../exec/own-program.ts';

export type CodecName = 'zstd' | 'gzip' | 'none';

export interface Compression {
  codec: CodecName;
  /** 1 (fast) to 9 (small). */
  level: number;
}

/** Cores that one gzip stream may keep busy: zstd is fast enough with one, gzip is what a dump waits for. */
const mostThreads = 4;

const suffixes: Readonly<Record<CodecName, '.zst' | '.gz' | ''>> = { zstd: '.zst', gzip: '.gz', none: '' };

/** The codec that a file's name tells of. */
export function codecOf(fileName: string): CodecName {
  if (fileName.endsWith('.zst')) return 'zstd';
  return fileName.endsWith('.gz') ? 'gzip' : 'none';
}

/**
 * The program that compresses stdin to stdout, and the suffix of its files; without a program for `none`. Several outputs
 * one after the other in one file are one valid file.
 */
export async function compressor(
  { codec, level }: Compression,
  env: NodeJS.ProcessEnv,
): Promise<{ suffix: '.zst' | '.gz' | ''; command?: Command }> {
  const suffix = suffixes[codec];
  if (codec === 'none') return { suffix };
  if (!Number.isInteger(level) || level < 1 || level > 9) {
    throw new VyaError('usage', `There is no compression level ${level}`, { hint: 'Use 1 to 9.' });
  }
  const args = ['-q', '-c', `-${level}`];
  const parallel = codec === 'gzip' ? await parallelGzip(level, env) : undefined;
  const command = parallel ?? (await codecCommand(codec, args, ['compress', codec, `${level}`], env));
  return { suffix, command };
}

/**
 * pigz, where it is installed: gzip's format, made on several cores. It never decompresses for vya, because it takes a file that
 * is cut in the header of a later stream, or followed by something else, for whole (seen with 2.6).
 */
async function parallelGzip(level: number, env: NodeJS.ProcessEnv): Promise<Command | undefined> {
  const own = { PATH: env['PATH'] ?? '' };
  const file = await findOnPath('pigz', own.PATH);
  if (file === undefined) return undefined;
  const threads = Math.min(availableParallelism(), mostThreads);
  // With -q it would not say why it failed.
  return { file, args: ['-p', `${threads}`, '-c', `-${level}`], env: own };
}

/**
 * The program that decompresses stdin to stdout; undefined for `none`. It exits with 0 only when the data was whole to its
 * end, however many streams were joined in it.
 */
export async function decompressor(codec: CodecName, env: NodeJS.ProcessEnv): Promise<Command | undefined> {
  if (codec === 'none') return undefined;
  // A window of up to 128 MB, as by default: the memory that a file of unknown origin can ask for. vya's own need 8 MB.
  const window = codec === 'zstd' ? ['--long=27'] : [];
  return codecCommand(codec, ['-q', '-d', '-c', ...window], ['decompress', codec], env);
}

async function codecCommand(
  codec: 'zstd' | 'gzip',
  args: readonly string[],
  scriptArgs: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Command> {
  // Nothing else of the environment: ZSTD_CLEVEL, GZIP and the like would change what the program does.
  const own = { PATH: env['PATH'] ?? '' };
  const file = await findOnPath(codec, own.PATH);
  if (file !== undefined) return { file, args, env: own };
  return ownProgram('exec/codec-process', scriptArgs, own);
}

/** What was found, by name and PATH: a run over many databases looks once. */
const found = new Map<string, string>();

async function findOnPath(name: string, searched: string): Promise<string | undefined> {
  const key = `${name}:${searched}`;
  const file = found.get(key) ?? (await searchFor(name, searched));
  if (file !== undefined) found.set(key, file);
  return file;
}

async function searchFor(name: string, searched: string): Promise<string | undefined> {
  for (const directory of searched.split(path.delimiter)) {
    if (!path.isAbsolute(directory)) continue;
    const file = path.join(directory, name);
    try {
      await access(file, constants.X_OK);
      return file;
    } catch {
      // Not here: look in the next directory.
    }
  }
  return undefined;
}
