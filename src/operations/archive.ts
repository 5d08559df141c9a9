import { basename } from 'node:path';
import type { Engine, StoredPart } from '../db/adapter.ts';
import type { ClientPrograms } from '../db/client-program.ts';
import type { ArchiveCheck, FileCheck, Inspection } from '../db/archive-check.ts';
import { asVyaError, VyaError } from '../errors.ts';
import type { Command } from '../exec/command.ts';
import type { MovedBytes } from '../exec/io-counter.ts';
import { runPipeline } from '../exec/pipeline.ts';
import { accountsEnd } from '../model/accounts.ts';
import { codecOf, decompressor } from '../storage/codecs.ts';
import { readSmallArchive } from '../storage/small-archive.ts';

/** Bytes at the end of a dump in which its end marker must stand. */
const tailBytes = 1_024;

export interface ReadOptions {
  signal: AbortSignal;
  /** For finding decompressors (PATH). */
  env: NodeJS.ProcessEnv;
  programs: ClientPrograms | undefined;
  onBytes?: ((bytes: MovedBytes) => void) | undefined;
  /** The part is about to be loaded: it must hold nothing that reaches further than the database of this name. */
  loading?: { sourceDatabase: string } | undefined;
  /** The most bytes that may come out of it. */
  largest?: number | undefined;
  /** Lets other work on the machine go first. */
  background?: boolean | undefined;
}

/**
 * Reads one part of a backup to its end, as a restore would: every byte is decompressed, an SQL dump must end with its
 * marker, a PostgreSQL archive is read by pg_restore, and in a directory each data file besides.
 *
 * @throws VyaError `verification` when the part is not whole, expands beyond measure, or must not be loaded
 */
export async function readPart(engine: Engine, part: StoredPart, options: ReadOptions): Promise<void> {
  const check = part.holds.includes('accounts')
    ? { endMarker: accountsEnd }
    : engine.archiveCheck(part, options.programs, options.loading);
  await limited(part, options, (within) => runCheck(part, check, within));
}

/**
 * Reads what a load of the part does not prove by itself: that each data file of a directory comes to its end.
 *
 * @param whole tells of a file whether that has been seen already
 * @throws VyaError as `readPart`
 */
export async function readEnds(
  engine: Engine,
  part: StoredPart,
  whole: (path: string) => boolean,
  options: ReadOptions,
): Promise<void> {
  const check = engine.archiveCheck(part, options.programs);
  if ('endMarker' in check) return;
  const files = (check.files ?? []).filter(({ path }) => !whole(path));
  await limited(part, options, (within) => readFiles(files, within));
}

async function limited(
  part: StoredPart,
  options: ReadOptions,
  read: (options: ReadOptions) => Promise<void>,
): Promise<void> {
  const limit = new AbortController();
  const { largest = Number.POSITIVE_INFINITY } = options;
  const onBytes = (bytes: MovedBytes): void => {
    options.onBytes?.(bytes);
    if (bytes.moved > largest) limit.abort(tooLarge(part, largest));
  };
  const signal = AbortSignal.any([options.signal, limit.signal]);
  try {
    await read({ ...options, signal, onBytes });
  } catch (error) {
    signal.throwIfAborted();
    const { kind, message } = asVyaError(error);
    if (kind === 'unexpected' || kind === 'verification') throw error;
    throw notWhole(part, message, error);
  }
}

async function runCheck(part: StoredPart, check: ArchiveCheck, options: ReadOptions): Promise<void> {
  const { signal, onBytes } = options;
  if ('endMarker' in check) {
    const file = { path: part.path, ...check };
    return check.inspect ? await inspect(file, check.inspect, options) : await readToMarker(file, options);
  }
  const how = { signal, output: 'drop', onBytes } as const;
  if (part.format === 'pg-directory') {
    await runPipeline([check.command], how);
  } else {
    await runPipeline([...(await decompressing(part.path, options)), check.command], {
      ...how,
      input: part.path,
    });
  }
  await readFiles(check.files ?? [], options);
}

async function readFiles(files: readonly FileCheck[], options: ReadOptions): Promise<void> {
  for (const file of files) await readToMarker(file, options);
}

/** Decompresses a whole file and looks how it ends. For a small one, three programs would take longer than their work. */
async function readToMarker(file: FileCheck, options: ReadOptions): Promise<void> {
  options.signal.throwIfAborted();
  const content = await readSmallArchive(file.path, options.largest);
  if (content) {
    options.onBytes?.({ moved: content.length, read: 0 });
    return assertEnd(file, content.subarray(-tailBytes).toString('latin1'));
  }
  const tail: Command = { file: 'tail', args: ['-c', String(tailBytes)], env: { PATH: '/usr/bin:/bin' } };
  assertEnd(file, (await readThrough(file.path, tail, options)).toString('latin1'));
}

/** The same for a dump that is about to be loaded, and at its statements. Whole comes first: damage is no malice. */
async function inspect(file: FileCheck, inspector: Command, options: ReadOptions): Promise<void> {
  const said = (await readThrough(file.path, inspector, options)).toString('utf8');
  const { tail, refusal } = JSON.parse(said) as Inspection;
  assertEnd(file, tail);
  if (refusal !== undefined) throw refused(file, refusal);
}

/** A dump that holds what no dump of one database does. `what` follows after “it”. */
export function refused({ path }: { path: string }, what: string): VyaError {
  return new VyaError('verification', `${path} is not loaded: it ${what}`, {
    hint: 'It could write into other databases. Look at the file; if you trust it, restore with --trust.',
  });
}

/** A part that does not come to its end. */
export function notWhole({ path }: { path: string }, message: string, cause?: unknown): VyaError {
  return new VyaError('verification', `${path} cannot be read to its end: ${message}`, {
    hint: 'Restore from another backup; vya list shows them.',
    cause,
  });
}

async function readThrough(path: string, reader: Command, options: ReadOptions): Promise<Buffer> {
  const { signal, onBytes, background } = options;
  const commands = [...(await decompressing(path, options)), reader];
  return await runPipeline(commands, { signal, input: path, output: 'keep', onBytes, background }).catch(
    (error: unknown) => {
      signal.throwIfAborted();
      throw new VyaError('failed', `${basename(path)}: ${asVyaError(error).message}`, { cause: error });
    },
  );
}

function assertEnd({ path, endMarker }: FileCheck, end: string): void {
  if (endMarker === undefined || end.includes(Buffer.from(endMarker).toString('latin1'))) return;
  throw new VyaError('failed', `${basename(path)} does not end with “${endMarker.trim()}”`);
}

/** A part that expands beyond what its manifest can mean. */
export function tooLarge({ path }: StoredPart, largest: number): VyaError {
  return new VyaError('verification', `${path} expands to more than ${largest} bytes`, {
    hint: 'That is more than a dump of the database that its manifest tells of can be. It was damaged or made to fill disks: restore from another backup.',
  });
}

async function decompressing(path: string, { env }: ReadOptions): Promise<Command[]> {
  const command = await decompressor(codecOf(path), env);
  return command ? [command] : [];
}
