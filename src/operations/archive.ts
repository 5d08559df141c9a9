import { basename } from 'node:path';
import type { ArchiveCheck, ClientPrograms, Engine, FileCheck, StoredPart } from '../db/adapter.ts';
import { asVyaError, VyaError } from '../errors.ts';
import type { Command } from '../exec/command.ts';
import { runPipeline } from '../exec/pipeline.ts';
import { accountsEnd } from '../model/accounts.ts';
import { codecOf, decompressor } from '../storage/codecs.ts';

/** Bytes at the end of a dump in which its end marker must stand. */
const tailBytes = 1_024;

export interface ReadOptions {
  signal: AbortSignal;
  /** For finding decompressors (PATH). */
  env: NodeJS.ProcessEnv;
  programs: ClientPrograms | undefined;
  onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * Reads one part of a backup to its end, as a restore would: every byte is decompressed, an SQL dump must end with its
 * marker, a PostgreSQL archive is read by pg_restore, and in a directory each data file besides.
 *
 * @throws VyaError `verification` when the part is not whole
 */
export async function readPart(engine: Engine, part: StoredPart, options: ReadOptions): Promise<void> {
  const check = part.holds.includes('accounts')
    ? { endMarker: accountsEnd }
    : engine.archiveCheck(part, options.programs);
  try {
    await runCheck(part, check, options);
  } catch (error) {
    options.signal.throwIfAborted();
    const { kind, message } = asVyaError(error);
    if (kind === 'unexpected') throw error;
    throw new VyaError('verification', `${part.path} cannot be read to its end: ${message}`, {
      hint: 'Restore from another backup; vya list shows them.',
      cause: error,
    });
  }
}

async function runCheck(part: StoredPart, check: ArchiveCheck, options: ReadOptions): Promise<void> {
  if ('endMarker' in check) return await readToMarker({ path: part.path, ...check }, options);
  const { signal, onBytes } = options;
  const how = { signal, output: 'drop', onBytes } as const;
  if (part.format === 'pg-directory') {
    await runPipeline([check.command], how);
  } else {
    await runPipeline([...(await decompressing(part.path, options)), check.command], {
      ...how,
      input: part.path,
    });
  }
  for (const file of check.files ?? []) await readToMarker(file, options);
}

/** Decompresses a whole file and looks how it ends. */
async function readToMarker({ path, endMarker }: FileCheck, options: ReadOptions): Promise<void> {
  const { signal, onBytes } = options;
  const tail: Command = { file: 'tail', args: ['-c', String(tailBytes)], env: { PATH: '/usr/bin:/bin' } };
  const commands = [...(await decompressing(path, options)), tail];
  const end = await runPipeline(commands, { signal, input: path, output: 'keep', onBytes }).catch(
    (error: unknown) => {
      signal.throwIfAborted();
      throw new VyaError('failed', `${basename(path)}: ${asVyaError(error).message}`, { cause: error });
    },
  );
  if (endMarker === undefined || end.includes(endMarker)) return;
  throw new VyaError('failed', `${basename(path)} does not end with “${endMarker.trim()}”`);
}

async function decompressing(path: string, { env }: ReadOptions): Promise<Command[]> {
  const command = await decompressor(codecOf(path), env);
  return command ? [command] : [];
}
